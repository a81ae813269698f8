import type { WorkerDeps } from '../../deps.ts';
import type { Event as AttemptEvent } from '../../jobs/protocol/event.ts';
import type { Mailbox } from './mailbox.ts';

/** Milliseconds until unacknowledged events are sent again. The interval doubles up to the longest while none is acknowledged. */
const RESEND = 1000;
const LONGEST_RESEND = 5000;
/** The number of events sent again at once, so that the pipe stays small while control is down. */
const WINDOW = 100;

/** Sends the events of one attempt to control, again and again until they are acknowledged. Outages and an emptied Redis need nothing else. */
export class EventSender {
  readonly #bus: WorkerDeps['bus'];
  readonly #superseded = new AbortController();
  readonly #unsubscribe: () => void;
  #unacknowledged: AttemptEvent[] = [];
  #settled = Promise.withResolvers<void>();
  #timer: NodeJS.Timeout | null = null;
  #interval = RESEND;

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

  /** Resolves with true when every event is acknowledged or the attempt is superseded, with false when `signal` aborts before. */
  async delivered(signal: AbortSignal): Promise<boolean> {
    const aborted = Promise.withResolvers<void>();
    const abort = () => aborted.resolve();
    signal.addEventListener('abort', abort, { once: true });
    while (this.#unacknowledged.length > 0 && !signal.aborted) {
      this.#settled = Promise.withResolvers();
      await Promise.race([this.#settled.promise, aborted.promise]);
    }
    signal.removeEventListener('abort', abort);
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
    if (this.#unacknowledged.length < before) this.#interval = RESEND;
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
    this.#interval = Math.min(this.#interval * 2, LONGEST_RESEND);
    if (this.#unacknowledged.length > 0) this.#schedule();
  }

  /** While Redis is unreachable the next round sends it again. */
  async #send(event: AttemptEvent): Promise<void> {
    await this.#bus.send({ kind: 'event', event }).catch(() => undefined);
  }
}
