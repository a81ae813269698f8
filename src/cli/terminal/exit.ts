import { CodedError, hasCode } from '../../error.ts';

/** The exit codes of all commands. */
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

/** Ends the command. `message` says what is wrong, `advice` what to do; main.ts prints both. An empty message prints nothing. */
export class CliError extends CodedError<ExitName> {
  readonly advice: string | null;
  constructor(code: ExitName, message: string, advice: string | null = null, options?: ErrorOptions) {
    super(code, message, options);
    this.advice = advice;
  }
}

/** The exit code for any error. */
export function exitOf(error: unknown): number {
  if (error instanceof CliError) return exits[error.code];
  // An invalid configuration or listen address: retrying does not help.
  if (hasCode(error, 'config', 'listen')) return exits.usage;
  return exits.failed;
}
