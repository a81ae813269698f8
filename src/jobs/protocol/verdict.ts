import { z } from 'zod';
import { EndStatus } from '../status.ts';

/** How an attempt ended. `reason` is text for people. */
export const Verdict = z.object({
  status: EndStatus,
  reason: z.string().nullable().default(null),
  exit_code: z.int().nullable().default(null),
  /** The attempt errored only because its worker was shutting down: it does not count against the retry budget. */
  handed_back: z.boolean().optional(),
});
export type Verdict = z.infer<typeof Verdict>;

/** A subject ends as errored after this many errored attempts. */
export const MAX_ERRORED_ATTEMPTS = 3;

/** What follows an attempt: its subject ends, or a new attempt starts after `delay` milliseconds. */
export type RetryDecision =
  | { next: 'end'; status: EndStatus; reason: string | null; exit_code: number | null }
  | { next: 'retry'; delay: number; reason: string };

export interface RetryInput {
  verdict: Verdict;
  /** Earlier attempts that ended errored. */
  errors: number;
  /** Why cancellation was requested; null when it was not. A cancelled subject ends as `cancelled`. */
  cancel_reason: string | null;
  /** The attempt did something that cannot be undone: a release went live. Its success then outweighs a cancellation. */
  irreversible: boolean;
}

export function decideRetry({ verdict, errors, cancel_reason, irreversible }: RetryInput): RetryDecision {
  const { status, reason, exit_code } = verdict;
  if (cancel_reason !== null && !(irreversible && status === 'succeeded'))
    return { next: 'end', status: 'cancelled', reason: cancel_reason, exit_code };
  if (status !== 'errored') return { next: 'end', status, reason, exit_code };
  const cause = reason ?? 'the attempt ended without a reason';
  if (verdict.handed_back) return { next: 'retry', delay: 0, reason: cause };
  if (errors + 1 < MAX_ERRORED_ATTEMPTS) return { next: 'retry', delay: 1000 * 4 ** errors, reason: cause };
  const attempts = `attempt ${errors + 1} of ${MAX_ERRORED_ATTEMPTS}`;
  return { next: 'end', status: 'errored', reason: `${cause} (${attempts})`, exit_code };
}
