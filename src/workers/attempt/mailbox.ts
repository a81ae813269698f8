import { setTimeout as delay } from 'node:timers/promises';
import type { WorkerMessage } from '../../jobs/protocol/message.ts';

type Handle = (message: WorkerMessage) => void;

/** What control says to this worker, sorted by attempt. Every message only hurries: whoever waits also looks by himself. */
export class Mailbox {
  readonly #handlers = new Map<string, Set<Handle>>();

  deliver(message: WorkerMessage): void {
    for (const handle of this.#handlers.get(message.attempt) ?? []) handle(message);
  }

  /** Until the returned function is called. */
  open(attempt: string, handle: Handle): () => void {
    const handlers = this.#handlers.get(attempt) ?? new Set();
    this.#handlers.set(attempt, handlers.add(handle));
    return () => {
      handlers.delete(handle);
      if (handlers.size === 0) this.#handlers.delete(attempt);
    };
  }

  /** The attempt's next message that `fits`, or null after `ms` or when `signal` aborts. */
  async next(
    attempt: string,
    fits: (message: WorkerMessage) => boolean,
    ms: number,
    signal?: AbortSignal,
  ): Promise<WorkerMessage | null> {
    const heard = new AbortController();
    let found: WorkerMessage | null = null;
    const close = this.open(attempt, (message) => {
      if (found !== null || !fits(message)) return;
      found = message;
      heard.abort();
    });
    const early = signal ? AbortSignal.any([signal, heard.signal]) : heard.signal;
    await delay(ms, undefined, { signal: early }).catch(() => undefined);
    close();
    return found;
  }
}
