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
