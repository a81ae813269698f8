import type { Heartbeat, PipeMessage, WorkerMessage } from '../../../jobs/protocol/message.ts';

/** Redis as road. Everything in it may vanish at any moment; each verb says how the parts find their way again. */
export interface ControlBus {
  /** Reads the pipe from its start, in order; an entry is deleted once `handle` has resolved. Ends when `signal` aborts. Never throws for Redis' sake. */
  readPipe(
    handle: (message: PipeMessage | { kind: 'unreadable'; text: string }) => Promise<void>,
    signal: AbortSignal,
  ): Promise<void>;
  onHeartbeat(handle: (heartbeat: Heartbeat) => void): Promise<void>;
  /** Puts a message into the worker's mailbox, where it is read at most once within 60 s. Every message is sent again on request or by the next sweep. */
  send(worker: string, message: WorkerMessage): Promise<void>;
  /** Rings readers: `run:<id>` with its rev, `log:<attempt>` with its size. */
  wake(channel: string, text: string): Promise<void>;
  /** Whether the connection is up, and since when (milliseconds); silence of workers counts only from there. */
  up(): { since: number } | null;
  close(): Promise<void>;
}

export interface WorkerBus {
  /** XADD and PUBLISH; rejects when Redis is away (the sender sends again). */
  send(message: PipeMessage): Promise<void>;
  heartbeat(heartbeat: Heartbeat): Promise<void>;
  /** Empties this worker's mailbox until the bus is closed; waits while Redis is unreachable. At most one call for each bus. */
  receive(worker: string, handle: (message: WorkerMessage) => void): void;
  wake(channel: string, text: string): Promise<void>;
  close(): Promise<void>;
}

/** ReaderWakeups for readers: one connection, as many listeners as come. A lost ring is made up for by the reader's own look each second. */
export interface ReaderWakeups {
  listen(channel: string, handle: (text: string) => void): () => void;
  close(): Promise<void>;
}
