import { type DeployRequest, Phase, type Relation } from '../../jobs/deploy/deployment.ts';
import { isOrdered, mayTakeTraffic } from '../../jobs/deploy/environment.ts';
import { type AttemptRow, stopRequestOf } from '../attempts/attempts.ts';
import {
  becomeLive,
  type DeploymentRow,
  moveDeployment,
  newDeployment,
  queuedDeployment,
} from '../deployments/deployments.ts';
import { claimHosts, freeHosts, ownershipProblem } from '../deployments/ownership.ts';
import { makeRelease, missingSecretsProblem, releaseConfig, rollbackConfig } from '../deployments/releases.ts';
import type { Transaction } from '../outbox/transact.ts';
import { phases } from '../stored/columns.ts';

/** A deploy step asks to deploy. A request that can never start is refused at once; another is answered when its turn comes. */
export async function onDeploy(
  t: Transaction,
  attempt: AttemptRow,
  seq: number,
  request: DeployRequest,
): Promise<void> {
  const job = await t.sql.selectFrom('jobs').selectAll().where('id', '=', attempt.subject_id).executeTakeFirstOrThrow();
  const run = await t.sql.selectFrom('runs').selectAll().where('id', '=', job.run_id).executeTakeFirstOrThrow();
  const isRollback = 'release' in request;
  const config = isRollback ? await rollbackConfig(t, job, request.release) : request.config;
  const { app, environment } = config;
  const image_id = isRollback ? null : request.image_id;
  if (await adoptLive(t, attempt, seq, { job: job.id, environment, image_id })) return;
  const deployment =
    (await queuedDeployment(t, job.id, environment)) ?? (await newDeployment(t, run, job, app, environment));
  await assign(t, deployment, attempt, seq);
  if (deployment.status !== 'waiting') return answer(t, attempt, seq);
  // A kept release uses the secret versions that it was made with, even if the secrets were removed since.
  const problem =
    (await ownershipProblem(t, run, config)) ?? (isRollback ? null : await missingSecretsProblem(t, run, config));
  if (problem !== null) {
    await moveDeployment(t, deployment, 'failed', { reason: problem });
    return answer(t, attempt, seq);
  }
  await claimHosts(t, config);
  const release_id = isRollback ? request.release : await makeRelease(t, run, job, request);
  await t.sql.updateTable('deployments').set({ release_id }).where('id', '=', deployment.id).execute();
  t.effects.push({ do: 'environment', app, environment });
}

/** True when an earlier attempt at the job, whose worker was lost, made the deployment live. This attempt then takes it over. */
async function adoptLive(
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
  await assign(t, live, attempt, seq);
  answer(t, attempt, seq);
  return true;
}

/** From now on, the deployment answers the questions of this attempt. */
async function assign(
  t: Pick<Transaction, 'sql'>,
  deployment: Pick<DeploymentRow, 'id'>,
  attempt: Pick<AttemptRow, 'id'>,
  asked_seq: number,
): Promise<void> {
  const values = { attempt_id: attempt.id, asked_seq, ready_seq: null };
  await t.sql.updateTable('deployments').set(values).where('id', '=', deployment.id).execute();
  Object.assign(deployment, values);
}

function answer(t: Pick<Transaction, 'effects'>, attempt: AttemptRow, seq: number): void {
  t.effects.push({ do: 'answer', attempt: attempt.id, seq });
}

/** The candidate passed its gate. Decides whether it gets the traffic. */
export async function onReady(
  t: Transaction,
  attempt: AttemptRow,
  seq: number,
  data: { deployment: string; relation: Relation },
): Promise<void> {
  const deployment = await ownDeployment(t, attempt, data.deployment);
  const run = await t.sql.selectFrom('runs').selectAll().where('id', '=', deployment.run_id).executeTakeFirstOrThrow();
  const decision = mayTakeTraffic({
    relation: data.relation,
    ordered: isOrdered(run.trigger, run.forced === 1),
    cancel_reason: run.stop_reason ?? stopRequestOf(attempt)?.reason ?? null,
  });
  // After `stop`, the worker removes the candidate and sends `settled`. Until then the environment stays locked.
  const reason = decision.go === 'switch' ? {} : { reason: decision.reason };
  await t.sql
    .updateTable('deployments')
    .set({ ready_seq: seq, relation: data.relation, ...reason })
    .where('id', '=', deployment.id)
    .execute();
  if (decision.go === 'switch') await moveDeployment(t, deployment, 'switching');
  answer(t, attempt, seq);
}

export async function onPhase(
  t: Transaction,
  attempt: AttemptRow,
  phase: Phase & { deployment: string },
): Promise<void> {
  const { deployment: id, ...rest } = phase;
  const deployment = await ownDeployment(t, attempt, id);
  const others = phases.read(deployment).filter(({ name }) => name !== rest.name);
  await t.sql
    .updateTable('deployments')
    .set({ phases: phases.write([...others, rest]) })
    .where('id', '=', id)
    .execute();
}

type Settlement = { status: 'live' | 'failed' | 'cancelled' | 'skipped'; reason: string | null };

/** The worker has read what the proxy serves, or has removed the candidate. This frees the environment. */
export async function onSettled(
  t: Transaction,
  attempt: AttemptRow,
  data: Settlement & { deployment: string },
): Promise<void> {
  await settleDeployment(t, await ownDeployment(t, attempt, data.deployment), data);
}

export async function settleDeployment(
  t: Transaction,
  deployment: DeploymentRow,
  { status, reason }: Settlement,
): Promise<void> {
  if (status === 'live') return goLive(t, deployment);
  const end = status === 'skipped' && deployment.status === 'switching' ? 'failed' : status;
  await moveDeployment(t, deployment, end, { reason: reason ?? deployment.reason });
}

async function goLive(t: Transaction, deployment: DeploymentRow): Promise<void> {
  const config = await releaseConfig(t, deployment.release_id);
  await freeHosts(t, config);
  const [host] = config.processes.web.hosts;
  const port = t.config.proxy_http_port;
  const url = host === undefined ? null : `http://${host}${port === 80 ? '' : `:${port}`}`;
  await becomeLive(t, deployment, url);
}

async function ownDeployment(t: Pick<Transaction, 'sql'>, attempt: AttemptRow, id: string): Promise<DeploymentRow> {
  const deployment = await t.sql.selectFrom('deployments').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
  if (deployment.attempt_id !== attempt.id)
    throw new Error(`deployment ${id} does not belong to attempt ${attempt.id}`);
  return deployment;
}
