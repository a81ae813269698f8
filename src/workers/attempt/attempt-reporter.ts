import { within } from '../../abort.ts';
import type { LogWriter, WorkerDeps } from '../../deps.ts';
import type { DeployQuestion, EventReporter, OneWayEvent, ReadyQuestion } from '../../engine/event-reporter.ts';
import { DeployAnswer, SwitchAnswer } from '../../jobs/deploy/deployment.ts';
import type { Event as AttemptEvent, EventData, Finished } from '../../jobs/protocol/event.ts';
import type { Mailbox } from './mailbox.ts';
import { Outgoing } from './outgoing.ts';

/** Event data beyond this goes by the blob store. */
const MOST_INLINE = 64 * 1024;
const ASK_AGAIN = 1000;

type Parts = Pick<WorkerDeps, 'bus' | 'spool' | 'blobs' | 'envelope' | 'worker' | 'log' | 'now'>;

/** The reporter of one attempt: numbers what is told, keeps it on disk until control has it, and brings the answers. */
export class AttemptReporter implements EventReporter {
  readonly attempt: string;
  readonly log: LogWriter;
  readonly #deps: Parts;
  readonly #mailbox: Mailbox;
  readonly #outgoing: Outgoing;
  #seq = 0;
  #written = Promise.resolve();

  constructor(deps: Parts, mailbox: Mailbox, attempt: string, log: LogWriter) {
    this.attempt = attempt;
    this.log = log;
    this.#deps = deps;
    this.#mailbox = mailbox;
    this.#outgoing = new Outgoing(deps.bus, mailbox, attempt);
  }

  /** Aborts when control has given the attempt to nobody or to someone else: what is told of it changes nothing any more. */
  get superseded(): AbortSignal {
    return this.#outgoing.superseded;
  }

  async emit(news: OneWayEvent): Promise<void> {
    await this.#tell(news);
  }

  async ask(question: DeployQuestion, signal: AbortSignal): Promise<DeployAnswer>;
  async ask(question: ReadyQuestion, signal: AbortSignal): Promise<SwitchAnswer>;
  async ask(question: DeployQuestion | ReadyQuestion, signal: AbortSignal): Promise<DeployAnswer | SwitchAnswer> {
    const { attempt } = this;
    const { bus, worker } = this.#deps;
    const seq = await this.#tell(question);
    const sealed = Promise.withResolvers<string>();
    const close = this.#mailbox.open(attempt, (message) => {
      if (message.kind === 'answered' && message.seq === seq) sealed.resolve(message.sealed);
    });
    try {
      for (;;) {
        const answer = await within(sealed.promise, ASK_AGAIN, signal);
        signal.throwIfAborted();
        if (answer !== null) return this.#open(question, seq, answer);
        // The answer may be lost, and a deployment may wait for a long time: the question is repeated.
        await bus.send({ kind: 'ask', attempt, worker, seq }).catch(() => undefined);
      }
    } finally {
      close();
    }
  }

  /** The last word. Resolves when control has it, or wants nothing more of this attempt; `signal` ends the waiting and leaves it on disk. */
  async finish(finished: Finished, signal: AbortSignal): Promise<void> {
    await this.#tell({ type: 'finished', data: finished });
    if (await this.#outgoing.delivered(signal)) await this.#deps.spool.remove(this.attempt);
    this.#outgoing.close();
  }

  /** Numbered at once, written one after the other. */
  async #tell(said: EventData): Promise<number> {
    const seq = ++this.#seq;
    this.#written = this.#written.then(() => this.#write(seq, said));
    await this.#written;
    return seq;
  }

  async #write(seq: number, said: EventData): Promise<void> {
    const event = await this.#event(seq, said);
    try {
      await this.#deps.spool.append(event, said.type === 'finished');
    } catch (error) {
      // A full disk: it is told all the same, and lost only if this process dies before control has it.
      this.#deps.log.error({ err: error, attempt: this.attempt, seq }, 'an event cannot be kept on disk');
    }
    this.#outgoing.add(event);
  }

  async #event(seq: number, { type, data }: EventData): Promise<AttemptEvent> {
    const event = { attempt: this.attempt, worker: this.#deps.worker, seq, at: this.#deps.now(), type };
    const text = JSON.stringify(data);
    if (Buffer.byteLength(text) <= MOST_INLINE) return { ...event, data, blob: null };
    try {
      const { hash } = await this.#deps.blobs.put(Buffer.from(text));
      return { ...event, data: null, blob: hash };
    } catch (error) {
      this.#deps.log.error({ err: error, attempt: this.attempt, seq }, 'an event goes whole: the blob store fails');
      return { ...event, data, blob: null };
    }
  }

  #open({ type }: DeployQuestion | ReadyQuestion, seq: number, sealed: string): DeployAnswer | SwitchAnswer {
    const answer = this.#deps.envelope.open(`${this.attempt}:${this.#deps.worker}:${seq}`, sealed);
    return type === 'deploy' ? DeployAnswer.parse(answer) : SwitchAnswer.parse(answer);
  }
}
