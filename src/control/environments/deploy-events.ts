import { type DeployRequest, Phase, type Relation } from '../../jobs/deploy/deployment.ts';
import { isOrdered, mayTakeTraffic } from '../../jobs/deploy/environment.ts';
import { type AttemptRow, stopRequestOf } from '../attempts/attempts.ts';
import type { Transaction } from '../outbox/transact.ts';
import { becomeLive, type DeploymentRow, moveDeployment, newDeployment, queuedFor } from '../deployments/deployments.ts';
import { claimHosts, giveUpHosts, ownedByOthers } from '../deployments/ownership.ts';
import { configOf, keptConfig, makeRelease, missingSecrets } from '../deployments/releases.ts';

/** A deploy step asks for its environment. The answer comes when the environment is its; what cannot be is refused at once. */
export async function onDeploy(
  t: Transaction,
  attempt: AttemptRow,
  seq: number,
  request: DeployRequest,
): Promise<void> {
  const job = await t.sql.selectFrom('jobs').selectAll().where('id', '=', attempt.subject_id).executeTakeFirstOrThrow();
  const run = await t.sql.selectFrom('runs').selectAll().where('id', '=', job.run_id).executeTakeFirstOrThrow();
  const wanted = 'release' in request ? await keptConfig(t, job, request.release) : request.config;
  const { app, environment } = wanted;
  const image_id = 'release' in request ? null : request.image_id;
  if (await takeOver(t, attempt, seq, { job: job.id, environment, image_id })) return;
  const deployment = (await queuedFor(t, job.id, environment)) ?? (await newDeployment(t, run, job, app, environment));
  // A kept release brings the versions of its secrets, whatever is in force now.
  const missing = 'release' in request ? null : await missingSecrets(t, run, wanted);
  const refusal = (await ownedByOthers(t, run, wanted)) ?? missing;
  await t.sql
    .updateTable('deployments')
    .set({ attempt_id: attempt.id, asked_seq: seq })
    .where('id', '=', deployment.id)
    .execute();
  Object.assign(deployment, { attempt_id: attempt.id, asked_seq: seq });
  t.effects.push({ do: 'answer', attempt: attempt.id, seq });
  if (deployment.status !== 'waiting') return;
  if (refusal !== null) {
    await moveDeployment(t, deployment, 'failed', { reason: refusal });
    return;
  }
  await claimHosts(t, wanted);
  const release_id = 'release' in request ? request.release : await makeRelease(t, run, job, request);
  await t.sql.updateTable('deployments').set({ release_id }).where('id', '=', deployment.id).execute();
  t.effects.push({ do: 'environment', app, environment });
}

/** The attempt before this one got it through before its worker was lost: there is nothing left to deploy. */
async function takeOver(
  t: Transaction,
  attempt: AttemptRow,
  seq: number,
  wanted: { job: string; environment: string; image_id: string | null },
): Promise<boolean> {
  const live = await t.sql
    .selectFrom('deployments')
    .innerJoin('releases', 'releases.id', 'deployments.release_id')
    .select(['deployments.id', 'releases.image_id'])
    .where('deployments.job_id', '=', wanted.job)
    .where('deployments.environment', '=', wanted.environment)
    .where('deployments.status', '=', 'live')
    .executeTakeFirst();
  if (!live || (wanted.image_id !== null && live.image_id !== wanted.image_id)) return false;
  await t.sql
    .updateTable('deployments')
    .set({ attempt_id: attempt.id, asked_seq: seq, ready_seq: null })
    .where('id', '=', live.id)
    .execute();
  t.effects.push({ do: 'answer', attempt: attempt.id, seq });
  return true;
}

/** The candidate passed its gate: is it still wanted? */
export async function onReady(
  t: Transaction,
  attempt: AttemptRow,
  seq: number,
  data: { deployment: string; relation: Relation },
): Promise<void> {
  const deployment = await ownDeployment(t, attempt, data.deployment);
  const run = await t.sql.selectFrom('runs').selectAll().where('id', '=', deployment.run_id).executeTakeFirstOrThrow();
  await t.sql
    .updateTable('deployments')
    .set({ ready_seq: seq, relation: data.relation })
    .where('id', '=', deployment.id)
    .execute();
  const decision = mayTakeTraffic({
    relation: data.relation,
    ordered: isOrdered(run.trigger, run.forced === 1),
    unwanted: run.stop_reason ?? stopRequestOf(attempt)?.reason ?? null,
  });
  if (decision.go === 'switch') await moveDeployment(t, deployment, 'switching');
  // Its worker takes the candidate away and says so; until then the environment is not free.
  else
    await t.sql.updateTable('deployments').set({ reason: decision.reason }).where('id', '=', deployment.id).execute();
  t.effects.push({ do: 'answer', attempt: attempt.id, seq });
}

export async function onPhase(
  t: Transaction,
  attempt: AttemptRow,
  phase: Phase & { deployment: string },
): Promise<void> {
  const { deployment: id, ...rest } = phase;
  const deployment = await ownDeployment(t, attempt, id);
  const phases = Phase.array().parse(JSON.parse(deployment.phases));
  const others = phases.filter(({ name }) => name !== rest.name);
  await t.sql
    .updateTable('deployments')
    .set({ phases: JSON.stringify([...others, rest]) })
    .where('id', '=', id)
    .execute();
}

/** What the proxy was seen to serve, or that the candidate is gone: the environment is free. */
export async function onSettled(
  t: Transaction,
  attempt: AttemptRow,
  data: { deployment: string; status: 'live' | 'failed' | 'cancelled' | 'skipped'; reason: string | null },
): Promise<void> {
  const deployment = await ownDeployment(t, attempt, data.deployment);
  await settle(t, deployment, data.status, data.reason);
}

export async function settle(
  t: Transaction,
  deployment: DeploymentRow,
  status: 'live' | 'failed' | 'cancelled' | 'skipped',
  reason: string | null,
): Promise<void> {
  if (status === 'live') await goLive(t, deployment);
  else
    await moveDeployment(t, deployment, status === 'skipped' && deployment.status === 'switching' ? 'failed' : status, {
      reason: reason ?? deployment.reason,
    });
}

async function goLive(t: Transaction, deployment: DeploymentRow): Promise<void> {
  const config = await configOf(t, deployment.release_id);
  await giveUpHosts(t, config);
  const [host] = config.processes.web.hosts;
  const port = t.deps.config.proxy_http_port;
  const url = host === undefined ? null : `http://${host}${port === 80 ? '' : `:${port}`}`;
  await becomeLive(t, deployment, url);
}

async function ownDeployment(t: Transaction, attempt: AttemptRow, id: string): Promise<DeploymentRow> {
  const deployment = await t.sql.selectFrom('deployments').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
  if (deployment.attempt_id !== attempt.id)
    throw new Error(`deployment ${id} is not in the hands of attempt ${attempt.id}`);
  return deployment;
}
