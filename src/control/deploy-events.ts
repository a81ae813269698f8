import type { Row } from '../deps.ts';
import { AppConfig } from '../jobs/app-config.ts';
import { type DeployRequest, type NewRelease, Phase, type Relation } from '../jobs/deployment.ts';
import { mayTakeTraffic } from '../jobs/environment.ts';
import { Wish } from '../jobs/message.ts';
import type { AttemptRow } from './attempts.ts';
import { becomeLive, type DeploymentRow, moveDeployment, newDeployment, queuedFor } from './deployments.ts';
import type { Transaction } from './transact.ts';

/** A deploy step asks for its environment. The answer comes when the environment is its; what cannot be is refused at once. */
export async function onDeploy(
  t: Transaction,
  attempt: AttemptRow,
  seq: number,
  request: DeployRequest,
): Promise<void> {
  const job = await t.sql.selectFrom('jobs').selectAll().where('id', '=', attempt.subject_id).executeTakeFirstOrThrow();
  const run = await t.sql.selectFrom('runs').selectAll().where('id', '=', job.run_id).executeTakeFirstOrThrow();
  const wanted = 'release' in request ? await keptRelease(t, job, request.release) : request.config;
  const { app, environment } = wanted;
  const image_id = 'release' in request ? null : request.image_id;
  if (await takeOver(t, attempt, seq, { job: job.id, environment, image_id })) return;
  const deployment = (await queuedFor(t, job.id, environment)) ?? (await newDeployment(t, run, job, app, environment));
  const refusal = await refuse(t, run, wanted);
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
  const release_id = 'release' in request ? request.release : await release(t, run, job, request);
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

async function keptRelease(t: Transaction, job: Row<'jobs'>, id: string): Promise<AppConfig> {
  if (job.release_id !== id) throw new Error(`job ${job.id} may not put back release ${id}`);
  const { config } = await t.sql.selectFrom('releases').select('config').where('id', '=', id).executeTakeFirstOrThrow();
  return AppConfig.parse(JSON.parse(config));
}

/** Why this repository may not deploy this, in a sentence; null when it may. An app nobody deployed yet becomes the repository's. */
async function refuse(t: Transaction, run: Row<'runs'>, config: AppConfig): Promise<string | null> {
  if (run.repo_id === null) return 'a task has no repository, and only a repository deploys';
  await t.sql
    .insertInto('apps')
    .values({ name: config.app, repo_id: run.repo_id, created_at: t.now })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  const owner = await t.sql
    .selectFrom('apps')
    .select('repo_id')
    .where('name', '=', config.app)
    .executeTakeFirstOrThrow();
  if (owner.repo_id !== run.repo_id)
    return `the app ${config.app} belongs to another repository; choose another name in gantry.yml`;
  return (await takenHost(t, config)) ?? (await missingSecret(t, run.repo_id, config));
}

async function takenHost(t: Transaction, config: AppConfig): Promise<string | null> {
  const { hosts } = config.processes.web;
  if (hosts.length === 0) return null;
  const taken = await t.sql.selectFrom('hosts').selectAll().where('host', 'in', hosts).execute();
  const other = taken.find((row) => row.app !== config.app || row.environment !== config.environment);
  return other ? `the host ${other.host} belongs to ${other.app} in ${other.environment}` : null;
}

async function missingSecret(t: Transaction, repo_id: string, config: AppConfig): Promise<string | null> {
  const versions = await secretVersions(t, repo_id);
  const missing = config.secrets.filter((name) => !(name in versions));
  if (missing.length === 0) return null;
  return `gantry.yml names ${missing.join(', ')}, which the repository's secrets do not hold; set it with \`gantry secrets set\``;
}

/** A host stays with the environment until that goes live without it. */
async function claimHosts(t: Transaction, config: AppConfig): Promise<void> {
  for (const host of config.processes.web.hosts)
    await t.sql
      .insertInto('hosts')
      .values({ host, app: config.app, environment: config.environment })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
}

/** The release of this job's image; the one that an attempt before made is taken up again. */
async function release(t: Transaction, run: Row<'runs'>, job: Row<'jobs'>, request: NewRelease): Promise<string> {
  const { config } = request;
  const before = await t.sql
    .selectFrom('deployments')
    .innerJoin('releases', 'releases.id', 'deployments.release_id')
    .select('releases.id')
    .where('deployments.job_id', '=', job.id)
    .where('releases.environment', '=', config.environment)
    .where('releases.image_id', '=', request.image_id)
    .executeTakeFirst();
  if (before) return before.id;
  const id = t.newId('rel');
  const versions = run.repo_id === null ? {} : await secretVersions(t, run.repo_id);
  await t.sql
    .insertInto('releases')
    .values({
      id,
      app: config.app,
      environment: config.environment,
      run_id: run.id,
      image: request.image,
      image_id: request.image_id,
      digest: request.digest,
      sha: run.sha,
      config: JSON.stringify(config),
      secret_versions: JSON.stringify(Object.fromEntries(config.secrets.map((name) => [name, versions[name]]))),
      created_at: t.now,
    })
    .execute();
  return id;
}

async function secretVersions(t: Transaction, repo_id: string): Promise<Record<string, number>> {
  const rows = await t.sql
    .selectFrom('secrets')
    .select((eb) => ['name', eb.fn.max('version').as('version')])
    .where('repo_id', '=', repo_id)
    .where('deleted_at', 'is', null)
    .groupBy('name')
    .execute();
  return Object.fromEntries(rows.map(({ name, version }) => [name, version]));
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
    ordered: isOrdered(run),
    unwanted: run.intent_reason ?? (attempt.wish === null ? null : Wish.parse(JSON.parse(attempt.wish)).reason),
  });
  if (decision.go === 'switch') await moveDeployment(t, deployment, 'switching');
  // Its worker takes the candidate away and says so; until then the environment is not free.
  else
    await t.sql.updateTable('deployments').set({ reason: decision.reason }).where('id', '=', deployment.id).execute();
  t.effects.push({ do: 'answer', attempt: attempt.id, seq });
}

/** A push that was not forced must not put an older commit over a newer one; anything else is someone's decision. */
export function isOrdered(run: Row<'runs'>): boolean {
  return run.trigger === 'push' && run.forced === 0;
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
  const { config } = await t.sql
    .selectFrom('releases')
    .select('config')
    .where('id', '=', deployment.release_id)
    .executeTakeFirstOrThrow();
  const { hosts } = AppConfig.parse(JSON.parse(config)).processes.web;
  const given_up = t.sql
    .deleteFrom('hosts')
    .where('app', '=', deployment.app)
    .where('environment', '=', deployment.environment);
  await (hosts.length > 0 ? given_up.where('host', 'not in', hosts) : given_up).execute();
  const port = t.deps.config.proxy_http_port;
  const url = hosts[0] === undefined ? null : `http://${hosts[0]}${port === 80 ? '' : `:${port}`}`;
  await becomeLive(t, deployment, url);
}

async function ownDeployment(t: Transaction, attempt: AttemptRow, id: string): Promise<DeploymentRow> {
  const deployment = await t.sql.selectFrom('deployments').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
  if (deployment.attempt_id !== attempt.id)
    throw new Error(`deployment ${id} is not in the hands of attempt ${attempt.id}`);
  return deployment;
}
