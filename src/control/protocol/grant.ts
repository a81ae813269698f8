import type { Row, ServerDeps, Sql } from '../../deps.ts';
import type { DeployOrder } from '../../jobs/deploy/deployment.ts';
import { splitEnvironmentId } from '../../jobs/deploy/environment.ts';
import type { CloneSource, Grant } from '../../jobs/protocol/grant.ts';
import { mergeOutputs } from '../../jobs/run/advance.ts';
import { foldNeed } from '../../jobs/run/fold.ts';
import { reconciliationOrder } from '../deployments/deploy-order.ts';
import { openRepoToken } from '../repos/repos.ts';
import { openSecrets } from '../repos/secrets.ts';
import { runContext } from '../runs/advance-run.ts';
import { forFold } from '../runs/run-change.ts';
import {
  deliveryTrigger,
  jobNeeds,
  jobOutputs,
  jobSpec,
  jobTask,
  reportGranted,
  reportSent,
  taskSecrets,
} from '../stored/columns.ts';

export type GrantDeps = Pick<ServerDeps, 'store' | 'vault' | 'config' | 'log'>;
type Deps = Omit<GrantDeps, 'store'>;

/** Everything that the worker needs for this attempt, with decrypted secrets. Throws when a part is missing. */
export async function grantFor(deps: GrantDeps, attempt: Row<'attempts'>): Promise<Grant> {
  const sql = deps.store.read;
  switch (attempt.subject) {
    case 'job':
      return jobGrant(deps, sql, attempt);
    case 'delivery':
      return planGrant(deps, sql, attempt.subject_id);
    case 'report':
      return reportGrant(deps, sql, attempt.subject_id);
    case 'environment':
      return environmentGrant(deps, sql, attempt.subject_id);
  }
}

async function jobGrant(deps: Deps, sql: Sql, attempt: Row<'attempts'>): Promise<Grant> {
  const job = await sql.selectFrom('jobs').selectAll().where('id', '=', attempt.subject_id).executeTakeFirstOrThrow();
  const run = await sql.selectFrom('runs').selectAll().where('id', '=', job.run_id).executeTakeFirstOrThrow();
  const task = jobTask.readOptional(job);
  return {
    subject: 'job',
    job: job.id,
    number: attempt.number,
    run: run.id,
    spec: jobSpec.read(job),
    command: task?.command ?? null,
    source: run.repo_id === null ? null : await cloneSource(deps, sql, run.repo_id),
    sha: run.sha,
    ref: run.ref,
    github: runContext(deps.config, run, job.base, attempt.number),
    payload_blob: run.payload_blob,
    needs: await needsOf(sql, job),
    secrets: await jobSecrets(deps, sql, run, job),
    limits: task?.limits ?? { cpus: null, memory_mb: null },
    release: job.release_id,
  };
}

async function jobSecrets(deps: Deps, sql: Sql, run: Row<'runs'>, job: Row<'jobs'>): Promise<Record<string, string>> {
  if (job.secrets_sealed !== null)
    return taskSecrets.read({ id: job.id, secrets_sealed: deps.vault.open(`job/${job.id}`, job.secrets_sealed) });
  if (run.repo_id === null) return {};
  const secrets = await openSecrets(sql, deps.vault, run.repo_id);
  return Object.fromEntries(secrets.map(({ name, value }) => [name, value]));
}

async function needsOf(sql: Sql, job: Row<'jobs'>) {
  const needs = jobNeeds.read(job);
  const jobs = await sql.selectFrom('jobs').selectAll().where('run_id', '=', job.run_id).orderBy('position').execute();
  return Object.fromEntries(
    needs.map((base) => {
      const cells = jobs.filter((other) => other.base === base);
      const outputs = mergeOutputs(cells.map((cell) => ({ outputs: jobOutputs.read(cell) })));
      return [base, { result: foldNeed(cells.map(forFold)), outputs }];
    }),
  );
}

async function planGrant(deps: Deps, sql: Sql, id: string): Promise<Grant> {
  const delivery = await sql.selectFrom('deliveries').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
  if (delivery.repo_id === null) throw new Error(`delivery ${id} has no repository`);
  return {
    subject: 'delivery',
    delivery: id,
    source: await cloneSource(deps, sql, delivery.repo_id),
    trigger: deliveryTrigger.read(delivery),
    payload_blob: delivery.payload_blob,
    workflow: delivery.workflow,
  };
}

async function reportGrant(deps: Deps, sql: Sql, key: string): Promise<Grant> {
  const report = await sql
    .selectFrom('reports')
    .innerJoin('repos', 'repos.id', 'reports.repo_id')
    .select(['reports.key', 'reports.granted', 'reports.sent', 'repos.id', 'repos.name', 'repos.token_sealed'])
    .where('key', '=', key)
    .executeTakeFirstOrThrow();
  const token = openRepoToken(deps.vault, report);
  if (token === null) throw new Error(`the repository ${report.name} has no token`);
  return {
    subject: 'report',
    repo: report.name,
    token,
    report: reportGranted.read(report),
    sent: reportSent.readOptional(report),
  };
}

async function environmentGrant(deps: Deps, sql: Sql, subject: string): Promise<Grant> {
  const { app, environment } = splitEnvironmentId(subject);
  const deployments = await sql
    .selectFrom('deployments')
    .selectAll()
    .where('app', '=', app)
    .where('environment', '=', environment)
    .where('status', 'in', ['starting', 'switching', 'live'])
    .execute();
  const live = deployments.find(({ status }) => status === 'live');
  const unresolved = deployments.filter(({ status }) => status !== 'live');
  const keep = await sql
    .selectFrom('releases')
    .select(['id as release', 'image_id'])
    .where('app', '=', app)
    .where('environment', '=', environment)
    .where('kept', '=', 1)
    .execute();
  return {
    subject: 'environment',
    reconciliation: {
      app,
      environment,
      live: live ? await orderOf(live) : null,
      unresolved: await Promise.all(unresolved.map(orderOf)),
      keep,
    },
  };

  async function orderOf(deployment: Row<'deployments'>): Promise<DeployOrder> {
    const order = await reconciliationOrder(deps, sql, deployment);
    const { release, problem } = order;
    if (problem !== null)
      deps.log.warn({ deployment: deployment.id, release, reason: problem }, 'a release cannot be started again');
    return order;
  }
}

async function cloneSource(deps: Deps, sql: Sql, repo_id: string): Promise<CloneSource> {
  const repo = await sql.selectFrom('repos').selectAll().where('id', '=', repo_id).executeTakeFirstOrThrow();
  return {
    id: repo.id,
    name: repo.name,
    clone_url: repo.clone_url,
    token: openRepoToken(deps.vault, repo),
  };
}
