import type { Event } from '../../jobs/protocol/event.ts';

/** The events of a worker's attempts that control has not acknowledged yet, on disk: one file per attempt in the worker's folder. */
export interface Spool {
  /** Creates the attempt's file. `held` lists the attempt from then on. */
  begin(attempt: string): Promise<void>;
  /** Fsyncs when `durable`. */
  append(event: Event, durable: boolean): Promise<void>;
  /** Removes an attempt's file, including an adopted orphan's. Removing it twice is not an error. */
  remove(attempt: string): Promise<void>;
  /** Adopts the spools of this host's dead workers and returns those of finished attempts. The caller must deliver and then remove them. */
  orphans(): Promise<{ worker: string; attempt: string; events: Event[] }[]>;
  /** The attempts that living workers of this host hold. */
  held(): Promise<string[]>;
  /** Releases this worker's folder, and removes it if it is empty. */
  close(): Promise<void>;
}
