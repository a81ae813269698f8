import type { WorkerDeps } from '../../deps.ts';
import { reconcileEnvironment } from '../../engine/deploy/reconcile.ts';
import type { EngineDeps } from '../../engine/engine-deps.ts';
import type { EventReporter } from '../../engine/event-reporter.ts';
import { runJob } from '../../engine/job/run-job.ts';
import type { Finished } from '../../jobs/protocol/event.ts';
import { Grant } from '../../jobs/protocol/grant.ts';
import { type PlanDeps, planDelivery } from '../plan/plan-delivery.ts';
import { sendReport } from '../reports/send-report.ts';
import type { Interruption } from './interruption.ts';

export type PerformDeps = EngineDeps & PlanDeps & Pick<WorkerDeps, 'github' | 'spool' | 'log'>;

/** Executes the granted attempt. Never rejects: an unexpected error becomes an errored verdict. */
export async function perform(
  deps: PerformDeps,
  granted: unknown,
  reporter: EventReporter,
  { stop, force }: Interruption,
): Promise<Finished> {
  try {
    stop.throwIfAborted();
    // Other workers of this host leave the attempt's containers alone from now on.
    await deps.spool.begin(reporter.attempt);
    const grant = Grant.parse(granted);
    switch (grant.subject) {
      case 'job':
        return await runJob(deps, grant, reporter, stop, force);
      case 'delivery':
        return await planDelivery(deps, grant, stop);
      case 'report':
        return await sendReport(deps, grant);
      case 'environment':
        return await reconcileEnvironment(deps, grant, reporter, stop);
    }
  } catch (error) {
    if (!stop.aborted) deps.log.error({ err: error, attempt: reporter.attempt }, 'attempt failed unexpectedly');
    return { verdict: { status: 'errored', reason: reasonOf(error), exit_code: null }, outputs: {}, log_size: 0 };
  }
}

/** The error may be a stop request: signals abort with one as their reason. */
function reasonOf(error: unknown): string {
  if (error instanceof Error) return error.message;
  return typeof error === 'object' && error !== null && 'reason' in error ? String(error.reason) : String(error);
}
