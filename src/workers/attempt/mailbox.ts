import type { WorkerMessage } from '../../jobs/protocol/message.ts';

type Handle = (message: WorkerMessage) => void;

/** Distributes this worker's messages by attempt. A message without a subscriber is dropped: control repeats what still matters. */
export class Mailbox {
  readonly #handlers = new Map<string, Set<Handle>>();

  deliver(message: WorkerMessage): void {
    for (const handle of this.#handlers.get(message.attempt) ?? []) handle(message);
  }

  /** Calls `handle` with each message to the attempt until the returned function is called. */
  subscribe(attempt: string, handle: Handle): () => void {
    const handlers = this.#handlers.get(attempt) ?? new Set();
    this.#handlers.set(attempt, handlers.add(handle));
    return () => {
      handlers.delete(handle);
      if (handlers.size === 0) this.#handlers.delete(attempt);
    };
  }
}
