import { hasEnded } from '../../jobs/status.ts';
import { endAttempt, openAttempt } from '../attempts/attempts.ts';
import { type TransactDeps, type Transaction, transact } from '../outbox/transact.ts';
import { advanceRun, endUnstartedJob, stopJob } from './advance-run.ts';
import { changeRun, type RunChange } from './run-change.ts';

/**
 * Cancels a run: jobs that have not started end, running ones get a stop request. `force` stops them at once, without their
 * clean-up steps. False when there is no such run. Cancelling an ended run, or cancelling twice, changes nothing.
 */
export function cancelRun(
  deps: TransactDeps,
  id: string,
  { force, reason }: { force: boolean; reason: string },
): Promise<boolean> {
  return transact(deps, async (t) => {
    const run = await t.sql
      .selectFrom('runs')
      .select(['status', 'stop_request'])
      .where('id', '=', id)
      .executeTakeFirst();
    if (!run) return false;
    const stop_request = force ? 'force' : 'cancel';
    if (hasEnded(run.status) || run.stop_request === stop_request || run.stop_request === 'force') return true;
    const change = await changeRun(t, id);
    change.setRun({ stop_request, stop_reason: reason });
    await stopJobs(t, change, reason, force);
    if (change.jobs.length === 0) await cancelPlan(t, change, reason);
    await advanceRun(t, change);
    await change.save();
    return true;
  });
}

/** Waiting jobs stay, because a condition with `always()` may still start them; with `force` they end too. */
async function stopJobs(t: Transaction, change: RunChange, reason: string, force: boolean): Promise<void> {
  for (const job of change.jobs) {
    if (job.status === 'running') await stopJob(t, change, job, reason, force);
    else if (job.status === 'queued' || (force && job.status === 'waiting'))
      await endUnstartedJob(t, change, job, 'cancelled', reason);
  }
}

/** Cancels a run that is still being planned. */
async function cancelPlan(t: Transaction, change: RunChange, reason: string): Promise<void> {
  change.setRun({ status: 'cancelled', reason });
  if (change.run.delivery_id === null) return;
  const attempt = await openAttempt(t, 'delivery', change.run.delivery_id);
  if (attempt?.status === 'offered')
    await endAttempt(t, attempt, { status: 'cancelled', reason, exit_code: null }, null);
  await t.sql
    .updateTable('deliveries')
    .set({ status: 'ignored', reason })
    .where('id', '=', change.run.delivery_id)
    .where('status', '=', 'received')
    .execute();
}
