import { CodedError } from '../../error.ts';
/** Logs are append-only files, one an attempt, with lines `<ms> <step> <stream> <text>\n`; offsets are bytes and never change. */
export interface LogStore {
  /** Positional append: `offset` must be the file's size, else `LogError` `gap` with the size. */
  append(attempt: string, offset: number, bytes: Uint8Array): Promise<void>;
  /** At most `limit` bytes (64 KiB unless told) from `offset`, cut at the last whole line; empty at the end. */
  read(attempt: string, offset: number, limit?: number): Promise<Buffer>;
  size(attempt: string): Promise<number>;
  /** Cuts the file back to its last whole line; what a dead worker left. Returns the size. */
  seal(attempt: string): Promise<number>;
  remove(attempt: string): Promise<void>;
}

export interface LogWriter {
  /** Splits into lines, masks, stamps and appends; never throws for a full disk: it marks the log and goes on draining. */
  write(step: number, stream: LogStream, chunk: Uint8Array | string): void;
  /** Adds values to hide from here on, whole and as base64, URL-encoded and JSON-escaped; multi-line values also line by line. */
  mask(values: readonly string[]): void;
  /** Waits until all that was written is in the file and readers were told. */
  flush(): Promise<number>;
  /** Writes out what was held back, and returns the final size. */
  close(): Promise<number>;
}

/** stdout and stderr of the user's work, `system` for what Gantry itself has to say. */
export type LogStream = 'stdout' | 'stderr' | 'system';

/** An append at the wrong offset; `size` is what the log has. */
export class LogError extends CodedError<'gap'> {
  readonly size: number;

  constructor(size: number) {
    super('gap', `the log has ${size} bytes`);
    this.size = size;
  }
}
