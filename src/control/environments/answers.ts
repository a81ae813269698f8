import type { Row, ServerDeps } from '../../deps.ts';
import { messageOf } from '../../error.ts';
import type { DeployAnswer, SwitchAnswer } from '../../jobs/deploy/deployment.ts';
import { deployOrder } from '../deployments/deploy-order.ts';

export type AnswerDeps = Pick<ServerDeps, 'store' | 'vault' | 'envelope' | 'bus'>;

/**
 * Answers the question that event `seq` of an attempt asked. Sends nothing while the deployment waits. The answer is derived from
 * the deployment's row, so a repeated question gets the same answer.
 */
export async function sendAnswer(deps: AnswerDeps, attempt_id: string, seq: number): Promise<void> {
  const { store, envelope, bus } = deps;
  const attempt = await store.read.selectFrom('attempts').selectAll().where('id', '=', attempt_id).executeTakeFirst();
  if (attempt?.status !== 'running' || attempt.worker === null || seq > attempt.seq) return;
  const deployment = await store.read
    .selectFrom('deployments')
    .selectAll()
    .where('attempt_id', '=', attempt.id)
    .where((eb) => eb.or([eb('asked_seq', '=', seq), eb('ready_seq', '=', seq)]))
    .executeTakeFirst();
  if (!deployment) return;
  const answer = deployment.asked_seq === seq ? await deployAnswer(deps, deployment) : switchAnswer(deployment);
  if (answer === null) return;
  const sealed = envelope.seal(`${attempt.id}:${attempt.worker}:${seq}`, answer);
  await bus.send(attempt.worker, { kind: 'answered', attempt: attempt.id, seq, sealed });
}

/** The answer to `deploy`; null while the deployment waits. */
async function deployAnswer(
  { vault, store }: Pick<ServerDeps, 'vault' | 'store'>,
  deployment: Row<'deployments'>,
): Promise<DeployAnswer | null> {
  const { status } = deployment;
  if (status === 'waiting') return null;
  if (status === 'live' || status === 'retired')
    return { go: 'live', deployment: deployment.id, release: deployment.release_id ?? '', url: deployment.url };
  if (status !== 'starting' && status !== 'switching')
    return { go: 'stop', status, reason: deployment.reason ?? status };
  try {
    return { go: 'start', order: await deployOrder({ vault }, store.read, deployment) };
  } catch (error) {
    return { go: 'stop', status: 'failed', reason: `cannot start the deployment: ${messageOf(error)}` };
  }
}

/** The answer to `ready`. */
function switchAnswer({ status, relation, reason }: Row<'deployments'>): SwitchAnswer {
  if (status === 'switching' || status === 'live') return { go: 'switch' };
  if (status === 'failed' || status === 'cancelled' || status === 'skipped')
    return { go: 'stop', status, reason: reason ?? status };
  return {
    go: 'stop',
    status: relation === 'ancestor' ? 'skipped' : 'cancelled',
    reason: reason ?? 'the deployment is no longer wanted',
  };
}
