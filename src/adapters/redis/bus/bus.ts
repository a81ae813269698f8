import type { Heartbeat, PipeMessage, WorkerMessage } from '../../../jobs/protocol/message.ts';

/** Control's connection to the workers and readers, through Redis. Anything in Redis may vanish at any moment: messages are repeated until they are answered. */
export interface ControlBus {
  /** Reads the pipe in order until `signal` aborts. An entry is deleted once `handle` has resolved. Waits while Redis is unreachable; rejects only when `handle` does. */
  readPipe(handle: (entry: PipeEntry) => Promise<void>, signal: AbortSignal): Promise<void>;
  onHeartbeat(handle: (heartbeat: Heartbeat) => void): Promise<void>;
  /** Puts a message into the worker's mailbox, where it is read at most once within 60 s. Every message is sent again on request or by the next sweep. */
  send(worker: string, message: WorkerMessage): Promise<void>;
  /** Wakes readers: channel `run:<id>` with the run's rev, `log:<attempt>` with the log's size. */
  wake(channel: string, text: string): Promise<void>;
  /** When the connection was established, in milliseconds of the monotonic clock; null while it is down. The silence of workers counts only from then on. */
  up(): { since: number } | null;
  close(): Promise<void>;
}

/** An entry of the pipe; `unreadable` if it is not a valid message. */
export type PipeEntry = PipeMessage | { kind: 'unreadable'; text: string };

/** A worker's connection to control and readers, through Redis. */
export interface WorkerBus {
  /** Appends to the pipe. Rejects when Redis is unreachable; the caller sends the message again. */
  send(message: PipeMessage): Promise<void>;
  heartbeat(heartbeat: Heartbeat): Promise<void>;
  /** Passes the messages in the worker's mailbox to `handle` until the bus is closed; waits while Redis is unreachable. Call it once per bus. */
  receive(worker: string, handle: (message: WorkerMessage) => void): void;
  wake(channel: string, text: string): Promise<void>;
  close(): Promise<void>;
}

/** Wakeups for any number of readers over one connection. A wakeup may be lost, so readers also poll each second. */
export interface ReaderWakeups {
  listen(channel: string, handle: (text: string) => void): () => void;
  close(): Promise<void>;
}
