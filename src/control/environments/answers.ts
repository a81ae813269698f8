import type { Row, ServerDeps, Sql } from '../../deps.ts';
import type { DeployAnswer, SwitchAnswer } from '../../jobs/deploy/deployment.ts';
import { transact } from '../outbox/transact.ts';
import { deployOrder } from '../deployments/deploy-order.ts';
import { moveDeployment } from '../deployments/deployments.ts';

/** Sends what can be said to a question now; nothing while its deployment waits. Asked again, it says the same. */
export async function sendAnswer(deps: ServerDeps, attempt_id: string, seq: number): Promise<void> {
  const attempt = await deps.store.read
    .selectFrom('attempts')
    .selectAll()
    .where('id', '=', attempt_id)
    .executeTakeFirst();
  if (attempt?.status !== 'running' || attempt.worker === null || seq > attempt.seq) return;
  const answer = await answerTo(deps, deps.store.read, attempt, seq).catch((error: Error) =>
    refuseToStart(deps, attempt_id, seq, error),
  );
  if (answer === null) return;
  const sealed = deps.envelope.seal(`${attempt.id}:${attempt.worker}:${seq}`, answer);
  await deps.bus.answer(attempt.worker, attempt.id, seq, sealed);
}

/** An order that cannot be made, for a secret of its release is gone, will not be made by asking again. */
function refuseToStart(deps: ServerDeps, attempt_id: string, seq: number, error: Error): Promise<DeployAnswer> {
  const reason = `it cannot be started: ${error.message}`;
  return transact(deps, async (t) => {
    const deployment = await t.sql
      .selectFrom('deployments')
      .selectAll()
      .where('attempt_id', '=', attempt_id)
      .where('asked_seq', '=', seq)
      .executeTakeFirstOrThrow();
    await moveDeployment(t, deployment, 'failed', { reason });
    return { go: 'stop', status: 'failed', reason };
  });
}

async function answerTo(
  deps: ServerDeps,
  sql: Sql,
  attempt: Row<'attempts'>,
  seq: number,
): Promise<DeployAnswer | SwitchAnswer | null> {
  const deployment = await sql
    .selectFrom('deployments')
    .selectAll()
    .where('attempt_id', '=', attempt.id)
    .where((eb) => eb.or([eb('asked_seq', '=', seq), eb('ready_seq', '=', seq)]))
    .executeTakeFirst();
  if (!deployment) return null;
  return deployment.asked_seq === seq ? whetherToStart(deps, sql, deployment) : whetherToSwitch(deployment);
}

async function whetherToStart(
  deps: ServerDeps,
  sql: Sql,
  deployment: Row<'deployments'>,
): Promise<DeployAnswer | null> {
  const { status } = deployment;
  if (status === 'waiting') return null;
  if (status === 'starting' || status === 'switching')
    return { go: 'start', order: await deployOrder(deps, sql, deployment) };
  if (status === 'live' || status === 'retired')
    return { go: 'live', deployment: deployment.id, release: deployment.release_id ?? '', url: deployment.url };
  return { go: 'stop', status, reason: deployment.reason ?? status };
}

function whetherToSwitch(deployment: Row<'deployments'>): SwitchAnswer {
  const { status, relation, reason } = deployment;
  if (status === 'switching' || status === 'live') return { go: 'switch' };
  if (status === 'failed' || status === 'cancelled' || status === 'skipped')
    return { go: 'stop', status, reason: reason ?? status };
  return {
    go: 'stop',
    status: relation === 'ancestor' ? 'skipped' : 'cancelled',
    reason: reason ?? 'it is not wanted any more',
  };
}
