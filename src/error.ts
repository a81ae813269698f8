/** An error of the user ends the job as `failed`. An error of the host ends the attempt as `errored`, and it is retried. */
export type Fault = 'user' | 'host';

/** An expected error. `code` is for programs, the message is for people. */
export class CodedError<Code extends string = string> extends Error {
  readonly code: Code;
  readonly fault: Fault;

  constructor(code: Code, message: string, options: ErrorOptions & { fault?: Fault } = {}) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
    this.fault = options.fault ?? 'host';
  }
}

/** Whether an error has one of the codes; without codes, whether it has any. Node's errors have codes too (`ENOENT`). */
export function hasCode<Code extends string>(error: unknown, ...codes: Code[]): error is Error & { code: Code } {
  if (!(error instanceof Error && 'code' in error && typeof error.code === 'string')) return false;
  return codes.length === 0 || (codes as string[]).includes(error.code);
}

/** An unexpected error counts as an error of the host. */
export function faultOf(error: unknown): Fault {
  return error instanceof CodedError ? error.fault : 'host';
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** A disk that cannot be written. Nothing was stored, and the same write succeeds once the disk is writable again. */
export class DiskError extends CodedError<DiskErrorCode> {
  constructor(code: DiskErrorCode, path: string, options?: ErrorOptions) {
    const { problem, advice } = DISK_PROBLEMS[code];
    super(code, `${problem}: cannot write to ${path}. ${advice} No restart is needed.`, options);
  }
}

export type DiskErrorCode = 'disk_full' | 'disk_read_only' | 'disk_failed';

const DISK_PROBLEMS = {
  disk_full: { problem: 'The disk is full', advice: 'Free space on it, or raise its quota.' },
  disk_read_only: { problem: 'The disk is read-only', advice: 'Make it writable.' },
  disk_failed: { problem: 'The disk fails', advice: "Check the disk and the kernel's log." },
} satisfies Record<DiskErrorCode, { problem: string; advice: string }>;
