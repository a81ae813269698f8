import type { WorkerDeps } from '../../deps.ts';
import { reconcileEnvironment } from '../../engine/deploy/reconcile.ts';
import type { EventReporter } from '../../engine/event-reporter.ts';
import { runJob } from '../../engine/job/run-job.ts';
import type { Finished } from '../../jobs/protocol/event.ts';
import { Grant } from '../../jobs/protocol/grant.ts';
import { notify } from '../notify.ts';
import { planDelivery } from '../plan/plan-delivery.ts';
import type { Interruption } from './stop-requests.ts';

/** Does what an attempt was granted for. Never rejects: what goes wrong on our side is an errored verdict. */
export async function perform(
  deps: WorkerDeps,
  granted: unknown,
  reporter: EventReporter,
  { stop, force }: Interruption,
): Promise<Finished> {
  try {
    stop.signal.throwIfAborted();
    // From here on the other workers of this host leave its containers alone.
    await deps.spool.begin(reporter.attempt);
    const grant = Grant.parse(granted);
    switch (grant.subject) {
      case 'job':
        return await runJob(deps, grant, reporter, stop.signal, force.signal);
      case 'delivery':
        return await planDelivery(deps, grant, stop.signal);
      case 'report':
        return await notify(deps, grant);
      case 'environment':
        return await reconcileEnvironment(deps, grant, reporter, stop.signal);
    }
  } catch (error) {
    const aborted = stop.signal.aborted;
    if (!aborted) deps.log.error({ err: error, attempt: reporter.attempt }, 'an attempt went wrong');
    return { verdict: { status: 'errored', reason: reasonOf(error), exit_code: null }, outputs: {}, log_size: 0 };
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof Error) return error.message;
  return typeof error === 'object' && error !== null && 'reason' in error ? String(error.reason) : String(error);
}
