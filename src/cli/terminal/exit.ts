import { CodedError, hasCode } from '../../error.ts';
/** What the process ends with: the same for every command. */
export const exits = {
  ok: 0,
  failed: 1,
  usage: 2,
  not_found: 3,
  denied: 4,
  unreachable: 5,
  interrupted: 130,
  terminated: 143,
} as const;

export type ExitName = keyof typeof exits;

/** Ends the command: `message` says what is wrong, `advice` what to do about it. Nothing else prints to people in a failure. */
export class CliError extends CodedError<ExitName> {
  readonly advice: string | null;
  constructor(code: ExitName, message: string, advice: string | null = null, options?: ErrorOptions) {
    super(code, message, options);
    this.advice = advice;
  }
}

/** The one place where a failure becomes an exit code. */
export function exitOf(error: unknown): number {
  if (error instanceof CliError) return exits[error.code];
  // The configuration, or an address that cannot be listened on: trying again helps neither.
  if (hasCode(error, 'config', 'listen')) return exits.usage;
  return exits.failed;
}
