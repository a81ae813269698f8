import type { StopRequest } from '../../jobs/protocol/message.ts';
import type { JobExecution } from '../execution/job-execution.ts';
import { UserError } from '../user-error.ts';

/** What ends a step from outside: a stop of the job, or the step's timeout. */
export interface Deadline {
  signal: AbortSignal;
  cancel(): void;
}

/** The timeout of a step that runs although the job was stopped. */
const STOPPED_MINUTES = 5;
const LONGEST_TIMER = 2 ** 31 - 1;

/** `minutes` is the step's `timeout-minutes` as written, or null. */
export function stepDeadline(
  { signal, force, interruption }: Pick<JobExecution, 'signal' | 'force' | 'interruption'>,
  name: string,
  minutes: string | null,
): Deadline {
  const isStopped = interruption !== null;
  const own = minutes === null ? Number.POSITIVE_INFINITY : parseMinutes(minutes);
  const limit = isStopped ? Math.min(own, STOPPED_MINUTES) : own;
  const timeout = new AbortController();
  const reason = `step \`${name}\` ran longer than ${limit} min`;
  const timer = setTimeout(
    () => timeout.abort({ kind: 'time_out', reason } satisfies StopRequest),
    Math.min(limit * 60_000, LONGEST_TIMER),
  );
  const ends = isStopped ? [force, timeout.signal] : [signal, force, timeout.signal];
  return { signal: AbortSignal.any(ends), cancel: () => clearTimeout(timer) };
}

function parseMinutes(text: string): number {
  const minutes = Number(text);
  if (text.trim() === '' || !(minutes > 0))
    throw new UserError(`timeout-minutes must be a number greater than 0, not \`${text}\``);
  return minutes;
}
