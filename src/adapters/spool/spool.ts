import type { Event } from '../../jobs/protocol/event.ts';

/** What a worker said and control has not acknowledged yet, one file an attempt under its worker's folder. */
export interface Spool {
  /** Makes the attempt's file: from here on `held` names it. */
  begin(attempt: string): Promise<void>;
  /** On disk as written, fsynced when `durable`. */
  append(event: Event, durable: boolean): Promise<void>;
  remove(attempt: string): Promise<void>;
  /** Whole spools of workers of this host whose process is gone, of attempts that had come to `finished`; the caller sends and then removes them. */
  orphans(): Promise<{ worker: string; attempt: string; events: Event[] }[]>;
  removeOrphan(worker: string, attempt: string): Promise<void>;
  /** Attempts that living workers of this host hold. */
  held(): Promise<string[]>;
  /** Ends this worker's claim to its folder. */
  close(): Promise<void>;
}
