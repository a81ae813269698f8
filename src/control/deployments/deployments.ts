import type { Patch, Row } from '../../deps.ts';
import { releasesToForget } from '../../jobs/deploy/release.ts';
import { PlannedJob } from '../../jobs/run/plan.ts';
import { type DeploymentStatus, deploymentMoves, mayMove } from '../../jobs/status.ts';
import type { Transaction } from '../outbox/transact.ts';
import { reportDeployment } from '../reports/reports.ts';
import type { RunChange } from '../runs/run-change.ts';

export type DeploymentRow = Row<'deployments'>;

/** A queued job takes its place in the queue of each environment that it names. */
export async function queueDeployments(t: Transaction, change: RunChange, job: Row<'jobs'>): Promise<void> {
  const { environments } = PlannedJob.parse(JSON.parse(job.spec));
  if (change.run.app === null || job.kind !== 'deploy') return;
  for (const environment of environments) {
    if (await queuedFor(t, job.id, environment)) continue;
    await newDeployment(t, change.run, job, change.run.app, environment);
  }
}

export async function newDeployment(
  t: Transaction,
  run: Row<'runs'>,
  job: Row<'jobs'>,
  app: string,
  environment: string,
): Promise<DeploymentRow> {
  const deployment = await t.sql
    .insertInto('deployments')
    .values({
      id: t.newId('dep'),
      app,
      environment,
      release_id: job.release_id,
      run_id: run.id,
      job_id: job.id,
      status: 'waiting',
      sha: run.sha,
      // Commits are ordered as their pushes came in, whatever order their plans were ready in.
      position: (run.delivery_id ?? run.id).replace(/^[a-z]+_/, ''),
      phases: '[]',
      created_at: t.now,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  await t.sql
    .insertInto('environments')
    .values({ app, name: environment, dirty: 0 })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  t.effects.push({ do: 'environment', app, environment });
  await reportDeployment(t, deployment);
  return deployment;
}

/** The place that the job took in the environment's queue and has not asked for yet; it may have lost it meanwhile. */
export function queuedFor(t: Transaction, job: string, environment: string): Promise<DeploymentRow | undefined> {
  return t.sql
    .selectFrom('deployments')
    .selectAll()
    .where('job_id', '=', job)
    .where('environment', '=', environment)
    .where('asked_seq', 'is', null)
    .orderBy('id', 'desc')
    .executeTakeFirst();
}

/** A legal move of a deployment; false, and nothing happens, when it is not one. */
export async function moveDeployment(
  t: Transaction,
  deployment: DeploymentRow,
  to: DeploymentStatus,
  patch: Patch<'deployments'> = {},
): Promise<boolean> {
  if (!mayMove(deploymentMoves, deployment.status, to)) return false;
  const ended = ['live', 'failed', 'cancelled', 'skipped'].includes(to);
  Object.assign(deployment, patch, { status: to }, ended ? { finished_at: t.now } : {});
  await t.sql
    .updateTable('deployments')
    .set({ ...patch, status: to, finished_at: deployment.finished_at })
    .where('id', '=', deployment.id)
    .execute();
  if (ended) {
    t.deps.metrics.deployments.inc({ status: to });
    const { id, app, environment, release_id: release, reason } = deployment;
    t.deps.log.info({ deployment: id, app, environment, release, reason }, `deployment ${to}`);
  }
  if (ended) await markDirty(t, deployment.app, deployment.environment);
  t.effects.push({ do: 'environment', app: deployment.app, environment: deployment.environment });
  await reportDeployment(t, deployment);
  return true;
}

/** Ends what a job that will not deploy any more had waiting. */
export async function dropWaiting(
  t: Transaction,
  job: string,
  to: 'failed' | 'cancelled' | 'skipped',
  reason: string,
): Promise<void> {
  const waiting = await t.sql
    .selectFrom('deployments')
    .selectAll()
    .where('job_id', '=', job)
    .where('status', '=', 'waiting')
    .execute();
  for (const deployment of waiting) await moveDeployment(t, deployment, to, { reason });
}

/** The release is what the proxy serves: the one before it is retired, and what is no longer kept may go. */
export async function becomeLive(t: Transaction, deployment: DeploymentRow, url: string | null): Promise<void> {
  const before = await liveDeployment(t, deployment.app, deployment.environment);
  if (before?.id === deployment.id) return;
  if (before) await moveDeployment(t, before, 'retired');
  await moveDeployment(t, deployment, 'live', {
    live_at: t.now,
    url,
    replaced: before?.release_id ?? null,
    reason: null,
  });
  if (deployment.release_id === null) return;
  await t.sql
    .updateTable('releases')
    .set({ live_at: t.now, kept: 1 })
    .where('id', '=', deployment.release_id)
    .execute();
  await forgetReleases(t, deployment.app, deployment.environment, deployment.release_id);
}

export function liveDeployment(t: Transaction, app: string, environment: string): Promise<DeploymentRow | undefined> {
  return t.sql
    .selectFrom('deployments')
    .selectAll()
    .where('app', '=', app)
    .where('environment', '=', environment)
    .where('status', '=', 'live')
    .executeTakeFirst();
}

async function forgetReleases(t: Transaction, app: string, environment: string, live: string): Promise<void> {
  const releases = await t.sql
    .selectFrom('releases')
    .select(['id', 'kept', 'live_at'])
    .where('app', '=', app)
    .where('environment', '=', environment)
    .where('kept', '=', 1)
    .execute();
  const open = await openDeployments(t, app, environment);
  const past = releases.map((release) => ({ ...release, kept: release.kept === 1 }));
  const forgotten = releasesToForget(
    past,
    live,
    open.flatMap(({ release_id }) => release_id ?? []),
  );
  if (forgotten.length > 0) await t.sql.updateTable('releases').set({ kept: 0 }).where('id', 'in', forgotten).execute();
}

async function markDirty(t: Transaction, app: string, environment: string): Promise<void> {
  await t.sql
    .updateTable('environments')
    .set({ dirty: 1 })
    .where('app', '=', app)
    .where('name', '=', environment)
    .execute();
}

/** All of an environment that have not ended, oldest first. */
export function openDeployments(t: Transaction, app: string, environment: string): Promise<DeploymentRow[]> {
  return t.sql
    .selectFrom('deployments')
    .selectAll()
    .where('app', '=', app)
    .where('environment', '=', environment)
    .where('status', 'in', ['waiting', 'starting', 'switching'])
    .orderBy('id')
    .execute();
}
