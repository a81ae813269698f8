import type { Finished } from '../../jobs/protocol/event.ts';
import { type AttemptRow, endAttempt } from '../attempts/attempts.ts';
import { finishEnvironment } from '../environments/finish-environment.ts';
import type { Transaction } from '../outbox/transact.ts';
import { finishReport } from '../reports/finish-report.ts';
import { finishJob } from '../runs/finish-job.ts';
import { finishPlan } from '../runs/finish-plan.ts';

/** Ends an attempt and applies its verdict to its subject. Does nothing when the attempt had already ended. */
export async function finishAttempt(t: Transaction, attempt: AttemptRow, finished: Finished): Promise<void> {
  if (await endAttempt(t, attempt, finished.verdict, finished.log_size)) await finishSubject(t, attempt, finished);
}

/** Ends an attempt as errored. `log_size` is in bytes, null when there is no log. */
export async function finishErrored(
  t: Transaction,
  attempt: AttemptRow,
  reason: string,
  log_size: number | null = null,
): Promise<void> {
  const verdict = { status: 'errored' as const, reason, exit_code: null };
  if (await endAttempt(t, attempt, verdict, log_size))
    await finishSubject(t, attempt, { verdict, outputs: {}, log_size: log_size ?? 0 });
}

function finishSubject(t: Transaction, attempt: AttemptRow, finished: Finished): Promise<void> {
  switch (attempt.subject) {
    case 'job':
      return finishJob(t, attempt, finished);
    case 'delivery':
      return finishPlan(t, attempt, finished);
    case 'report':
      return finishReport(t, attempt, finished);
    case 'environment':
      return finishEnvironment(t, attempt, finished);
  }
}
