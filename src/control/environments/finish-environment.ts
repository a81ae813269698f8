import type { Finished } from '../../jobs/protocol/event.ts';
import { type AttemptRow, newAttempt } from '../attempts/attempts.ts';
import type { Transaction } from '../outbox/transact.ts';
import { settle } from './deploy-events.ts';
import { type DeploymentRow, moveDeployment, openDeployments } from '../deployments/deployments.ts';

const LONGEST_PAUSE = 60_000;

/** What the proxy was read to serve settles the deployments whose end nobody saw. An environment that could not be set right is tried again for ever. */
export async function finishEnvironment(
  t: Transaction,
  attempt: AttemptRow,
  { verdict, live }: Finished,
): Promise<void> {
  const [app = '', environment = ''] = attempt.subject_id.split('/');
  if (verdict.status !== 'succeeded') {
    const delay = Math.min(LONGEST_PAUSE, 1000 * 2 ** Math.min(attempt.number, 6));
    await newAttempt(t, {
      subject: 'environment',
      subject_id: attempt.subject_id,
      number: attempt.number + 1,
      lane: 'plan',
      delay,
    });
    return;
  }
  await t.sql
    .deleteFrom('attempts')
    .where('subject', '=', 'environment')
    .where('subject_id', '=', attempt.subject_id)
    .where('status', '=', 'ended')
    .execute();
  const open = await openDeployments(t, app, environment);
  for (const deployment of open) {
    if (deployment.status === 'waiting') continue;
    if (deployment.id === live) await handOver(t, deployment, open);
    else await settle(t, deployment, 'failed', 'its worker was lost before it was live');
  }
  t.effects.push({ do: 'environment', app, environment });
}

/** It went live though its worker was lost: the attempt that follows has nothing left to deploy, and is told so. */
async function handOver(t: Transaction, deployment: DeploymentRow, open: DeploymentRow[]): Promise<void> {
  await settle(t, deployment, 'live', null);
  const next = open.find(
    ({ status, job_id, id }) => status === 'waiting' && job_id === deployment.job_id && id !== deployment.id,
  );
  if (!next) return;
  const { attempt_id, asked_seq } = next;
  await moveDeployment(t, next, 'cancelled', {
    attempt_id: null,
    asked_seq: null,
    reason: 'the attempt before it went live',
  });
  if (attempt_id === null || asked_seq === null) return;
  await t.sql
    .updateTable('deployments')
    .set({ attempt_id, asked_seq, ready_seq: null })
    .where('id', '=', deployment.id)
    .execute();
  t.effects.push({ do: 'answer', attempt: attempt_id, seq: asked_seq });
}
