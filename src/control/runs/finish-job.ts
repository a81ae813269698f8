import type { Row } from '../../deps.ts';
import type { Finished } from '../../jobs/protocol/event.ts';
import { decideRetry } from '../../jobs/protocol/verdict.ts';
import type { DeploymentStatus, EndStatus } from '../../jobs/status.ts';
import { type AttemptRow, stopRequestOf } from '../attempts/attempts.ts';
import { endWaitingDeployments } from '../deployments/deployments.ts';
import type { Transaction } from '../outbox/transact.ts';
import { jobOutputs } from '../stored/columns.ts';
import { advanceRun, queueJob } from './advance-run.ts';
import { changeJob } from './run-change.ts';

/** The status of a deployment that still waits when its job ends. */
const WAITING_ENDS = {
  succeeded: 'skipped',
  skipped: 'skipped',
  cancelled: 'cancelled',
  failed: 'failed',
  errored: 'failed',
  timed_out: 'failed',
} as const satisfies Record<EndStatus, DeploymentStatus>;

/** Ends the job with its attempt's verdict and advances the run, or queues the job for a retry. */
export async function finishJob(t: Transaction, attempt: AttemptRow, { verdict, outputs }: Finished): Promise<void> {
  const { change, job } = await changeJob(t, attempt.subject_id);
  const deployed = await deploymentsOf(t, attempt);
  const decision = decideRetry({
    verdict: timedOut(t, attempt, verdict),
    errors: job.errors,
    cancel_reason: job.stop_request === null ? null : (job.stop_reason ?? 'the job was cancelled'),
    irreversible: deployed.some(({ status }) => status === 'live'),
  });
  if (decision.next === 'retry') {
    change.setJob(job, { errors: job.errors + (verdict.handed_back ? 0 : 1) });
    await t.sql
      .updateTable('deployments')
      .set({ attempt_id: null, asked_seq: null })
      .where('attempt_id', '=', attempt.id)
      .where('status', '=', 'waiting')
      .execute();
    await queueJob(t, change, job, decision.delay);
    change.setJob(job, { reason: `retrying after: ${decision.reason}` });
  } else {
    const { status, reason, exit_code } = decision;
    if (
      change.moveJob(job, status, { reason, exit_code, outputs: jobOutputs.write(outputs) }) &&
      job.started_at !== null
    )
      observeDuration(t, job, job.started_at);
    await endWaitingDeployments(t, job.id, WAITING_ENDS[status], reason ?? status);
    await advanceRun(t, change);
  }
  await change.save();
  for (const { app, environment } of deployed) t.effects.push({ do: 'environment', app, environment });
}

function observeDuration(t: Transaction, { kind }: Row<'jobs'>, started_at: number): void {
  const seconds = (t.now - started_at) / 1000;
  t.onCommit(({ metrics }) => metrics.job_duration.observe({ kind }, seconds));
}

function deploymentsOf(t: Transaction, attempt: AttemptRow) {
  return t.sql
    .selectFrom('deployments')
    .select(['app', 'environment', 'status'])
    .where('attempt_id', '=', attempt.id)
    .execute();
}

/** After a stop request at its deadline, an attempt has timed out, even when it was forced or its worker was lost. */
function timedOut(t: Transaction, attempt: AttemptRow, verdict: Finished['verdict']): Finished['verdict'] {
  const request = stopRequestOf(attempt);
  const late = attempt.deadline !== null && attempt.deadline <= t.now;
  if (request === null || !late || verdict.status === 'succeeded' || verdict.status === 'failed') return verdict;
  return { ...verdict, status: 'timed_out', reason: request.reason };
}
