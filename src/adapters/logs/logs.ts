import { CodedError } from '../../error.ts';

/** Append-only logs, one per attempt, with lines `<ms> <step> <stream> <text>\n`. Offsets are in bytes and never change. */
export interface LogStore {
  /** Throws `LogError` `gap` when `offset` is not the size of the log. */
  append(attempt: string, offset: number, bytes: Uint8Array): Promise<void>;
  /** Whole lines from `offset`, at most `limit` bytes (default 64 KiB); empty at the end. */
  read(attempt: string, offset: number, limit?: number): Promise<Buffer>;
  size(attempt: string): Promise<number>;
  /** Removes an incomplete last line, which a dead worker may have left. Returns the size. */
  seal(attempt: string): Promise<number>;
  remove(attempt: string): Promise<void>;
}

export interface LogWriter {
  /** Masks the output and appends it in lines. Never throws: on a full disk output is dropped, and a line notes the gap. */
  write(step: number, stream: LogStream, chunk: Uint8Array | string): void;
  /** Hides these values from now on, also as base64, URL-encoded and JSON-escaped, and each line of multi-line values. */
  mask(values: readonly string[]): void;
  /** Writes everything to the file, wakes readers and resolves with the size. */
  flush(): Promise<number>;
  /** Ends incomplete lines, flushes and resolves with the final size. */
  close(): Promise<number>;
}

/** `stdout` and `stderr` of the user's commands; `system` for Gantry's own lines. */
export type LogStream = 'stdout' | 'stderr' | 'system';

/** An append at a wrong offset. `size` is the size of the log. */
export class LogError extends CodedError<'gap'> {
  readonly size: number;

  constructor(size: number) {
    super('gap', `wrong offset: the log has ${size} bytes`);
    this.size = size;
  }
}
