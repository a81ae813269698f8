import { unlessAborted } from '../../abort.ts';
import type { WorkerDeps } from '../../deps.ts';
import type { Event as AttemptEvent } from '../../jobs/protocol/event.ts';
import type { Mailbox } from './mailbox.ts';

/** Milliseconds until unacknowledged events are sent again. The interval doubles up to the maximum while no acknowledgement arrives. */
const RESEND_INTERVAL = 1000;
const MAX_RESEND_INTERVAL = 5000;
/** The number of events sent again at once, so that the pipe stays small while control is down. */
const WINDOW = 100;

/** Sends the events of one attempt to control repeatedly, until they are acknowledged. This also covers outages and a Redis that lost its data. */
export class EventSender {
  readonly #bus: WorkerDeps['bus'];
  readonly #superseded = new AbortController();
  readonly #unsubscribe: () => void;
  #unacknowledged: AttemptEvent[] = [];
  #settled = Promise.withResolvers<void>();
  #timer: NodeJS.Timeout | null = null;
  #interval = RESEND_INTERVAL;

  constructor(bus: WorkerDeps['bus'], mailbox: Mailbox, attempt: string) {
    this.#bus = bus;
    this.#unsubscribe = mailbox.subscribe(attempt, (message) => {
      if (message.kind === 'acknowledged') this.#acknowledge(message.seq);
      if (message.kind === 'superseded') this.#supersede();
    });
  }

  /** Aborts when control no longer accepts events of this attempt. */
  get superseded(): AbortSignal {
    return this.#superseded.signal;
  }

  add(event: AttemptEvent): void {
    if (this.superseded.aborted) return;
    this.#unacknowledged.push(event);
    void this.#send(event);
    this.#schedule();
  }

  /** Resolves with true when every event is acknowledged or the attempt is superseded, with false when `signal` aborts first. */
  async delivered(signal: AbortSignal): Promise<boolean> {
    while (this.#unacknowledged.length > 0 && !signal.aborted) {
      this.#settled = Promise.withResolvers();
      await unlessAborted(this.#settled.promise, signal);
    }
    return this.#unacknowledged.length === 0;
  }

  close(): void {
    this.#unsubscribe();
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #acknowledge(seq: number): void {
    const before = this.#unacknowledged.length;
    this.#unacknowledged = this.#unacknowledged.filter((event) => event.seq > seq);
    if (this.#unacknowledged.length < before) this.#interval = RESEND_INTERVAL;
    if (this.#unacknowledged.length === 0) this.#settled.resolve();
  }

  #supersede(): void {
    this.#unacknowledged = [];
    this.#superseded.abort(new Error('control has ended this attempt'));
    this.#settled.resolve();
  }

  #schedule(): void {
    this.#timer ??= setTimeout(() => void this.#resend(), this.#interval);
  }

  async #resend(): Promise<void> {
    for (const event of this.#unacknowledged.slice(0, WINDOW)) await this.#send(event);
    if (this.#timer === null) return;
    this.#timer = null;
    this.#interval = Math.min(this.#interval * 2, MAX_RESEND_INTERVAL);
    if (this.#unacknowledged.length > 0) this.#schedule();
  }

  /** If Redis is unreachable, the next round sends the event again. */
  async #send(event: AttemptEvent): Promise<void> {
    await this.#bus.send({ kind: 'event', event }).catch(() => undefined);
  }
}
