import type { WorkerDeps } from '../../deps.ts';
import type { Event as AttemptEvent } from '../../jobs/protocol/event.ts';
import type { Mailbox } from './mailbox.ts';

/** Milliseconds until what is not acknowledged goes out again. */
const RESEND = 1000;
/** The longest that this grows to, by doubling, while nobody acknowledges anything. */
const RESEND_AT_LAST = 5000;
/** How many go out again at once: while control is away the pipe is to stay small. */
const WINDOW = 100;

/** Events of one attempt on their way to control: sent at once, and again until acknowledged. Outages and an emptied Redis need nothing else. */
export class Outgoing {
  readonly #bus: WorkerDeps['bus'];
  readonly #superseded = new AbortController();
  readonly #close: () => void;
  #waiting: AttemptEvent[] = [];
  #settled = Promise.withResolvers<void>();
  #timer: NodeJS.Timeout | null = null;
  #pause = RESEND;

  constructor(bus: WorkerDeps['bus'], mailbox: Mailbox, attempt: string) {
    this.#bus = bus;
    this.#close = mailbox.open(attempt, (message) => {
      if (message.kind === 'acknowledged') this.#acknowledge(message.seq);
      if (message.kind === 'superseded') this.#giveUp();
    });
  }

  get superseded(): AbortSignal {
    return this.#superseded.signal;
  }

  add(event: AttemptEvent): void {
    if (this.superseded.aborted) return;
    this.#waiting.push(event);
    void this.#send(event);
    this.#schedule();
  }

  /** Resolves with true when nothing is left to send, with false when `signal` aborts before. */
  async delivered(signal: AbortSignal): Promise<boolean> {
    const aborted = Promise.withResolvers<void>();
    const abort = () => aborted.resolve();
    signal.addEventListener('abort', abort, { once: true });
    while (this.#waiting.length > 0 && !signal.aborted) {
      this.#settled = Promise.withResolvers();
      await Promise.race([this.#settled.promise, aborted.promise]);
    }
    signal.removeEventListener('abort', abort);
    return this.#waiting.length === 0;
  }

  close(): void {
    this.#close();
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #acknowledge(seq: number): void {
    const before = this.#waiting.length;
    this.#waiting = this.#waiting.filter((event) => event.seq > seq);
    if (this.#waiting.length < before) this.#pause = RESEND;
    if (this.#waiting.length === 0) this.#settled.resolve();
  }

  #giveUp(): void {
    this.#waiting = [];
    this.#superseded.abort(new Error('control has ended this attempt'));
    this.#settled.resolve();
  }

  #schedule(): void {
    this.#timer ??= setTimeout(() => void this.#resend(), this.#pause);
  }

  async #resend(): Promise<void> {
    for (const event of this.#waiting.slice(0, WINDOW)) await this.#send(event);
    if (this.#timer === null) return;
    this.#timer = null;
    this.#pause = Math.min(this.#pause * 2, RESEND_AT_LAST);
    if (this.#waiting.length > 0) this.#schedule();
  }

  /** Redis may be away; then it goes out with the next round. */
  async #send(event: AttemptEvent): Promise<void> {
    await this.#bus.send({ kind: 'event', event }).catch(() => undefined);
  }
}
