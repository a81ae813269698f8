import type { StopRequest } from '../../jobs/protocol/message.ts';
import type { Attempt } from '../job/job-execution.ts';
import { UserError } from '../user-error.ts';

/** What ends a step before its own end. */
export interface Deadline {
  signal: AbortSignal;
  cancel(): void;
}

/** So long may a step take that is run although the job is being ended. */
const LAST_MINUTES = 5;
const LONGEST = 2 ** 31 - 1;

/** `minutes` is the step's own timeout as written, or null. */
export function stepDeadline(attempt: Attempt, name: string, minutes: string | null): Deadline {
  const isLate = attempt.interruption !== null;
  const own = minutes === null ? Number.POSITIVE_INFINITY : toMinutes(minutes);
  const limit = isLate ? Math.min(own, LAST_MINUTES) : own;
  const timer = new AbortController();
  const timeout = setTimeout(
    () =>
      timer.abort({ kind: 'time_out', reason: `step \`${name}\` ran longer than ${limit} min` } satisfies StopRequest),
    Math.min(limit * 60_000, LONGEST),
  );
  const ends = isLate ? [attempt.force, timer.signal] : [attempt.signal, attempt.force, timer.signal];
  return { signal: AbortSignal.any(ends), cancel: () => clearTimeout(timeout) };
}

function toMinutes(text: string): number {
  const minutes = Number(text);
  if (text.trim() === '' || !(minutes > 0)) throw new UserError(`timeout-minutes is a number over 0, not \`${text}\``);
  return minutes;
}
