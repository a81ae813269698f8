import type { Finished } from '../jobs/event.ts';
import type { AttemptRow } from './attempts.ts';
import { finishEnvironment } from './finish-environment.ts';
import { finishJob } from './finish-job.ts';
import { finishPlan } from './finish-plan.ts';
import { finishReport } from './finish-report.ts';
import type { Transaction } from './transact.ts';

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
