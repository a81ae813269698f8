import { splitEnvironmentId } from '../../jobs/deploy/environment.ts';
import type { Finished } from '../../jobs/protocol/event.ts';
import { type AttemptRow, newAttempt } from '../attempts/attempts.ts';
import { type DeploymentRow, moveDeployment, openDeployments } from '../deployments/deployments.ts';
import type { Transaction } from '../outbox/transact.ts';
import { settleDeployment } from './deploy-events.ts';

/** Milliseconds. */
const LONGEST_PAUSE = 60_000;

/**
 * After a reconciliation, settles the deployments whose outcome was unknown: the one that the proxy serves is live, the others
 * failed. A failed reconciliation is retried until it succeeds.
 */
export async function finishEnvironment(
  t: Transaction,
  attempt: AttemptRow,
  { verdict, live }: Finished,
): Promise<void> {
  const { subject_id, number } = attempt;
  if (verdict.status !== 'succeeded') {
    const delay = Math.min(LONGEST_PAUSE, 1000 * 2 ** Math.min(number, 6));
    await newAttempt(t, { subject: 'environment', subject_id, lane: 'plan', delay });
    return;
  }
  await t.sql
    .deleteFrom('attempts')
    .where('subject', '=', 'environment')
    .where('subject_id', '=', subject_id)
    .where('status', '=', 'ended')
    .execute();
  const { app, environment } = splitEnvironmentId(subject_id);
  const open = await openDeployments(t, app, environment);
  for (const deployment of open) {
    if (deployment.status === 'waiting') continue;
    if (deployment.id === live) await handOver(t, deployment, open);
    else await settleDeployment(t, deployment, { status: 'failed', reason: 'its worker was lost before it went live' });
  }
  t.effects.push({ do: 'environment', app, environment });
}

/** The deployment went live although its worker was lost. The job's next attempt takes it over instead of deploying again. */
async function handOver(t: Transaction, deployment: DeploymentRow, open: DeploymentRow[]): Promise<void> {
  await settleDeployment(t, deployment, { status: 'live', reason: null });
  const next = open.find(
    ({ status, job_id, id }) => status === 'waiting' && job_id === deployment.job_id && id !== deployment.id,
  );
  if (!next) return;
  const { attempt_id, asked_seq } = next;
  await moveDeployment(t, next, 'cancelled', {
    attempt_id: null,
    asked_seq: null,
    reason: 'the deployment of an earlier attempt went live',
  });
  if (attempt_id === null || asked_seq === null) return;
  await t.sql
    .updateTable('deployments')
    .set({ attempt_id, asked_seq, ready_seq: null })
    .where('id', '=', deployment.id)
    .execute();
  t.effects.push({ do: 'answer', attempt: attempt_id, seq: asked_seq });
}
