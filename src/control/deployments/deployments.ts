import type { Patch, Row } from '../../deps.ts';
import { releasesToForget } from '../../jobs/deploy/release.ts';
import { type DeploymentStatus, deploymentMoves, mayMove, OPEN_DEPLOYMENT } from '../../jobs/status.ts';
import type { Transaction } from '../outbox/transact.ts';
import { reportDeployment } from '../reports/reports.ts';
import { jobSpec, phases } from '../stored/columns.ts';

export type DeploymentRow = Row<'deployments'>;

/** The work of a deployment is done. A live one may still be retired. */
const FINISHED: DeploymentStatus[] = ['live', 'failed', 'cancelled', 'skipped'];

/** Adds a queued job to the queue of each environment that it names, unless it is already there. */
export async function queueDeployments(t: Transaction, run: Row<'runs'>, job: Row<'jobs'>): Promise<void> {
  if (run.app === null || job.kind !== 'deploy') return;
  const { environments } = jobSpec.read(job);
  for (const environment of environments)
    if (!(await queuedDeployment(t, job.id, environment))) await newDeployment(t, run, job, run.app, environment);
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
      // The order in which the pushes arrived, not the order in which they were planned.
      position: (run.delivery_id ?? run.id).replace(/^[a-z]+_/, ''),
      phases: phases.write([]),
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

/** The job's newest deployment in the environment for which no step has asked yet. It may have been cancelled since. */
export function queuedDeployment(
  t: Pick<Transaction, 'sql'>,
  job: string,
  environment: string,
): Promise<DeploymentRow | undefined> {
  return t.sql
    .selectFrom('deployments')
    .selectAll()
    .where('job_id', '=', job)
    .where('environment', '=', environment)
    .where('asked_seq', 'is', null)
    .orderBy('id', 'desc')
    .executeTakeFirst();
}

/** Compare-and-set. False, and nothing changes, when the move is illegal or the row's status has changed since it was read. */
export async function moveDeployment(
  t: Transaction,
  deployment: DeploymentRow,
  to: DeploymentStatus,
  patch: Patch<'deployments'> = {},
): Promise<boolean> {
  const { id, app, environment, status: from } = deployment;
  if (!mayMove(deploymentMoves, from, to)) return false;
  const isFinished = FINISHED.includes(to);
  const values = { ...patch, status: to, ...(isFinished && { finished_at: t.now }) };
  const { numUpdatedRows } = await t.sql
    .updateTable('deployments')
    .set(values)
    .where('id', '=', id)
    .where('status', '=', from)
    .executeTakeFirst();
  if (numUpdatedRows === 0n) return false;
  Object.assign(deployment, values);
  if (isFinished) {
    await markDirty(t, app, environment);
    const { release_id: release, reason } = deployment;
    t.onCommit(({ metrics, log }) => {
      metrics.deployments.inc({ status: to });
      log.info({ deployment: id, app, environment, release, reason }, `deployment ${to}`);
    });
  }
  t.effects.push({ do: 'environment', app, environment });
  await reportDeployment(t, deployment);
  return true;
}

/** Ends the waiting deployments of a job that ends. */
export async function endWaitingDeployments(
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

/** Makes this deployment the live one, retires the one before, and stops keeping the oldest releases. */
export async function becomeLive(t: Transaction, deployment: DeploymentRow, url: string | null): Promise<void> {
  const { app, environment, release_id } = deployment;
  const before = await liveDeployment(t, app, environment);
  if (before?.id === deployment.id) return;
  if (before) await moveDeployment(t, before, 'retired');
  await moveDeployment(t, deployment, 'live', {
    live_at: t.now,
    url,
    replaced: before?.release_id ?? null,
    reason: null,
  });
  if (release_id === null) return;
  await t.sql.updateTable('releases').set({ live_at: t.now, kept: 1 }).where('id', '=', release_id).execute();
  await stopKeepingReleases(t, app, environment, release_id);
}

export function liveDeployment(
  t: Pick<Transaction, 'sql'>,
  app: string,
  environment: string,
): Promise<DeploymentRow | undefined> {
  return t.sql
    .selectFrom('deployments')
    .selectAll()
    .where('app', '=', app)
    .where('environment', '=', environment)
    .where('status', '=', 'live')
    .executeTakeFirst();
}

async function stopKeepingReleases(t: Transaction, app: string, environment: string, live: string): Promise<void> {
  const rows = await t.sql
    .selectFrom('releases')
    .select(['id', 'kept', 'live_at'])
    .where('app', '=', app)
    .where('environment', '=', environment)
    .where('kept', '=', 1)
    .execute();
  const releases = rows.map((release) => ({ ...release, kept: release.kept === 1 }));
  const open = await openDeployments(t, app, environment);
  const wanted = open.flatMap(({ release_id }) => release_id ?? []);
  const old = releasesToForget(releases, live, wanted);
  if (old.length > 0) await t.sql.updateTable('releases').set({ kept: 0 }).where('id', 'in', old).execute();
}

/** Requests a reconciliation of the environment. */
async function markDirty(t: Transaction, app: string, environment: string): Promise<void> {
  await t.sql
    .updateTable('environments')
    .set({ dirty: 1 })
    .where('app', '=', app)
    .where('name', '=', environment)
    .execute();
}

/** Deployments of an environment that have not ended, oldest first. */
export function openDeployments(
  t: Pick<Transaction, 'sql'>,
  app: string,
  environment: string,
): Promise<DeploymentRow[]> {
  return t.sql
    .selectFrom('deployments')
    .selectAll()
    .where('app', '=', app)
    .where('environment', '=', environment)
    .where('status', 'in', OPEN_DEPLOYMENT)
    .orderBy('id')
    .execute();
}
