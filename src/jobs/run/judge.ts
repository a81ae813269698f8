import type { Verdict } from '../protocol/verdict.ts';
import type { EndStatus } from '../status.ts';

/** An errored attempt is followed by at most this many more. */
export const MOST_ERRORS = 3;

/** What an attempt's verdict means for its subject: the end, or one more try after `delay` milliseconds. */
export type Judgement =
  | { next: 'end'; status: EndStatus; reason: string | null; exit_code: number | null }
  | { next: 'retry'; delay: number; reason: string };

export interface Judged {
  verdict: Verdict;
  /** Attempts that had ended errored before this one. */
  errors: number;
  /** Someone wants it cancelled, with the reason; then every end is `cancelled`. */
  cancel_reason: string | null;
  /** What it did cannot be taken back: a release went live. */
  done: boolean;
}

export function judge({ verdict, errors, cancel_reason, done }: Judged): Judgement {
  const { status, reason, exit_code } = verdict;
  if (cancel_reason !== null && !(done && status === 'succeeded'))
    return { next: 'end', status: 'cancelled', reason: cancel_reason, exit_code };
  if (status !== 'errored') return { next: 'end', status, reason, exit_code };
  const said = reason ?? 'the attempt ended without a reason';
  if (verdict.handed_back) return { next: 'retry', delay: 0, reason: said };
  if (errors + 1 < MOST_ERRORS) return { next: 'retry', delay: 1000 * 4 ** errors, reason: said };
  return { next: 'end', status: 'errored', reason: `${said} (attempt ${errors + 1} of ${MOST_ERRORS})`, exit_code };
}
