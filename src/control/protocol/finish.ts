import type { Finished } from '../../jobs/protocol/event.ts';
import { finishEnvironment } from '../environments/finish-environment.ts';
import type { Transaction } from '../outbox/transact.ts';
import { finishReport } from '../reports/finish-report.ts';
import { finishJob } from '../runs/finish-job.ts';
import { finishPlan } from '../runs/finish-plan.ts';
import type { AttemptRow } from '../attempts/attempts.ts';

/** What follows from the end of an attempt, by what it was an attempt at. */
export function finish(t: Transaction, attempt: AttemptRow, finished: Finished): Promise<void> {
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
