import type { Heartbeat, PipeMessage, WorkerMessage } from '../../jobs/protocol/message.ts';

/** Redis as road. Everything in it may vanish at any moment; each verb says how the parts find their way again. */
export interface ControlBus {
  /** Reads the pipe from its start, in order; an entry is deleted once `handle` has resolved. Ends when `signal` aborts. Never throws for Redis' sake. */
  readPipe(
    handle: (message: PipeMessage | { kind: 'unreadable'; text: string }) => Promise<void>,
    signal: AbortSignal,
  ): Promise<void>;
  onHeartbeat(handle: (heartbeat: Heartbeat) => void): Promise<void>;
  /** Puts a sealed grant (60 s) and rings. */
  grant(worker: string, attempt: string, sealed: string): Promise<void>;
  /** Puts a sealed answer (60 s) and rings; a worker asks again until it has it. */
  answer(worker: string, attempt: string, seq: number, sealed: string): Promise<void>;
  tell(worker: string, message: WorkerMessage): Promise<void>;
  /** Mirrors a stop request (JSON) for the worker to read; every sweep mirrors it again. */
  requestStop(worker: string | null, attempt: string, request: string): Promise<void>;
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
  /** GETDEL of the sealed grant or answer. */
  takeGrant(attempt: string): Promise<string | null>;
  takeAnswer(attempt: string, seq: number): Promise<string | null>;
  stopRequest(attempt: string): Promise<string | null>;
  listen(worker: string, handle: (message: WorkerMessage) => void): Promise<void>;
  wake(channel: string, text: string): Promise<void>;
  close(): Promise<void>;
}

/** ReaderWakeups for readers: one connection, as many listeners as come. A lost ring is made up for by the reader's own look each second. */
export interface ReaderWakeups {
  listen(channel: string, handle: (text: string) => void): () => void;
  close(): Promise<void>;
}
