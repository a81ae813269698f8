import { within } from '../../abort.ts';
import type { LogWriter, WorkerDeps } from '../../deps.ts';
import type { DeployQuestion, EventReporter, OneWayEvent, ReadyQuestion } from '../../engine/event-reporter.ts';
import { DeployAnswer, SwitchAnswer } from '../../jobs/deploy/deployment.ts';
import type { Event as AttemptEvent, EventData, Finished } from '../../jobs/protocol/event.ts';
import { EventSender } from './event-sender.ts';
import type { Mailbox } from './mailbox.ts';

/** Bytes. Larger event data goes through the blob store. */
const INLINE_LIMIT = 64 * 1024;
/** Milliseconds between repetitions of a question. */
const ASK_INTERVAL = 1000;

export type ReporterDeps = Pick<WorkerDeps, 'bus' | 'spool' | 'blobs' | 'envelope' | 'worker' | 'log' | 'now'>;

/** The event reporter of one attempt: numbers its events, keeps them on disk until control has acknowledged them, and receives the answers. */
export class AttemptReporter implements EventReporter {
  readonly attempt: string;
  readonly log: LogWriter;
  readonly #deps: ReporterDeps;
  readonly #mailbox: Mailbox;
  readonly #sender: EventSender;
  #seq = 0;
  #written = Promise.resolve();

  constructor(deps: ReporterDeps, mailbox: Mailbox, attempt: string, log: LogWriter) {
    this.attempt = attempt;
    this.log = log;
    this.#deps = deps;
    this.#mailbox = mailbox;
    this.#sender = new EventSender(deps.bus, mailbox, attempt);
  }

  /** Aborts when control has ended the attempt and ignores its events. */
  get superseded(): AbortSignal {
    return this.#sender.superseded;
  }

  async emit(event: OneWayEvent): Promise<void> {
    await this.#record(event);
  }

  async ask(question: DeployQuestion, signal: AbortSignal): Promise<DeployAnswer>;
  async ask(question: ReadyQuestion, signal: AbortSignal): Promise<SwitchAnswer>;
  async ask(question: DeployQuestion | ReadyQuestion, signal: AbortSignal): Promise<DeployAnswer | SwitchAnswer> {
    const { attempt } = this;
    const { bus, worker } = this.#deps;
    const seq = await this.#record(question);
    const sealed = Promise.withResolvers<string>();
    const unsubscribe = this.#mailbox.subscribe(attempt, (message) => {
      if (message.kind === 'answered' && message.seq === seq) sealed.resolve(message.sealed);
    });
    try {
      for (;;) {
        const answer = await within(sealed.promise, ASK_INTERVAL, signal);
        signal.throwIfAborted();
        if (answer !== null) return this.#open(question, seq, answer);
        // Repeated because the answer may get lost; a deployment may wait for a long time.
        await bus.send({ kind: 'ask', attempt, worker, seq }).catch(() => undefined);
      }
    } finally {
      unsubscribe();
    }
  }

  /** Records the last event. Resolves when control has acknowledged it or superseded the attempt. If `signal` aborts first, the events stay on disk. */
  async finish(finished: Finished, signal: AbortSignal): Promise<void> {
    await this.#record({ type: 'finished', data: finished });
    try {
      if (await this.#sender.delivered(signal)) await this.#deps.spool.remove(this.attempt);
    } finally {
      this.#sender.close();
    }
  }

  /** Numbers and writes the events in the order of the calls. */
  async #record(event: EventData): Promise<number> {
    const seq = ++this.#seq;
    this.#written = this.#written.then(() => this.#write(seq, event));
    await this.#written;
    return seq;
  }

  async #write(seq: number, data: EventData): Promise<void> {
    const event = await this.#event(seq, data);
    try {
      await this.#deps.spool.append(event, event.type === 'finished');
    } catch (error) {
      // The disk may be full. The event is sent anyway, and lost only if this process dies before control has it.
      this.#deps.log.error({ err: error, attempt: this.attempt, seq }, 'cannot write an event to disk');
    }
    this.#sender.add(event);
  }

  async #event(seq: number, { type, data }: EventData): Promise<AttemptEvent> {
    const event = { attempt: this.attempt, worker: this.#deps.worker, seq, at: this.#deps.now(), type };
    const text = JSON.stringify(data);
    if (Buffer.byteLength(text) <= INLINE_LIMIT) return { ...event, data, blob: null };
    try {
      const { hash } = await this.#deps.blobs.put(Buffer.from(text));
      return { ...event, data: null, blob: hash };
    } catch (error) {
      this.#deps.log.error(
        { err: error, attempt: this.attempt, seq },
        'cannot store event data as a blob; sending it inline',
      );
      return { ...event, data, blob: null };
    }
  }

  #open({ type }: DeployQuestion | ReadyQuestion, seq: number, sealed: string): DeployAnswer | SwitchAnswer {
    const answer = this.#deps.envelope.open(`${this.attempt}:${this.#deps.worker}:${seq}`, sealed);
    return type === 'deploy' ? DeployAnswer.parse(answer) : SwitchAnswer.parse(answer);
  }
}
