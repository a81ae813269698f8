import { z } from 'zod';
import type { Row, ServerDeps, Sql } from '../../deps.ts';
import { Outputs } from '../../jobs/protocol/event.ts';
import type { CloneSource, Grant } from '../../jobs/protocol/grant.ts';
import { Report } from '../../jobs/report.ts';
import { mergeOutputs } from '../../jobs/run/advance.ts';
import { foldNeed } from '../../jobs/run/fold.ts';
import { PlannedJob } from '../../jobs/run/plan.ts';
import { Trigger } from '../../jobs/run/trigger.ts';
import { deployOrder } from '../deployments/deploy-order.ts';
import { openRepoToken } from '../repos/repos.ts';
import { openSecrets } from '../repos/secrets.ts';
import { runContext } from '../runs/advance-run.ts';
import { forFold } from '../runs/run-change.ts';
import { Task } from '../runs/task.ts';

export type GrantDeps = Pick<ServerDeps, 'store' | 'vault' | 'config'>;
type Deps = Omit<GrantDeps, 'store'>;

const Secrets = z.record(z.string(), z.string());

/** Everything that the worker needs for this attempt, secrets opened. Throws when something that it needs is missing. */
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
  const task = job.task === null ? null : Task.parse(JSON.parse(job.task));
  return {
    subject: 'job',
    job: job.id,
    number: attempt.number,
    run: run.id,
    spec: PlannedJob.parse(JSON.parse(job.spec)),
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
    return Secrets.parse(JSON.parse(deps.vault.open(`job/${job.id}`, job.secrets_sealed)));
  if (run.repo_id === null) return {};
  const secrets = await openSecrets(sql, deps.vault, run.repo_id);
  return Object.fromEntries(secrets.map(({ name, value }) => [name, value]));
}

async function needsOf(sql: Sql, job: Row<'jobs'>) {
  const needs = z.array(z.string()).parse(JSON.parse(job.needs));
  const jobs = await sql.selectFrom('jobs').selectAll().where('run_id', '=', job.run_id).orderBy('position').execute();
  return Object.fromEntries(
    needs.map((base) => {
      const cells = jobs.filter((other) => other.base === base);
      const outputs = mergeOutputs(cells.map((cell) => ({ outputs: Outputs.parse(JSON.parse(cell.outputs)) })));
      return [base, { result: foldNeed(cells.map(forFold)), outputs }];
    }),
  );
}

async function planGrant(deps: Deps, sql: Sql, id: string): Promise<Grant> {
  const delivery = await sql.selectFrom('deliveries').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
  if (delivery.repo_id === null || delivery.trigger === null)
    throw new Error(`delivery ${id} has no repository or no trigger`);
  return {
    subject: 'delivery',
    delivery: id,
    source: await cloneSource(deps, sql, delivery.repo_id),
    trigger: Trigger.parse(JSON.parse(delivery.trigger)),
    payload_blob: delivery.payload_blob,
    workflow: delivery.workflow,
  };
}

async function reportGrant(deps: Deps, sql: Sql, key: string): Promise<Grant> {
  const report = await sql
    .selectFrom('reports')
    .innerJoin('repos', 'repos.id', 'reports.repo_id')
    .select(['reports.granted', 'reports.sent', 'repos.id', 'repos.name', 'repos.token_sealed'])
    .where('key', '=', key)
    .executeTakeFirstOrThrow();
  const token = openRepoToken(deps.vault, report);
  if (token === null || report.granted === null) throw new Error(`the repository ${report.name} has no token`);
  return {
    subject: 'report',
    repo: report.name,
    token,
    report: Report.parse(JSON.parse(report.granted)),
    sent: report.sent === null ? null : z.record(z.string(), z.json()).parse(JSON.parse(report.sent)),
  };
}

async function environmentGrant(deps: Deps, sql: Sql, subject: string): Promise<Grant> {
  const [app = '', environment = ''] = subject.split('/');
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
      live: live ? await deployOrder(deps, sql, live) : null,
      unresolved: await Promise.all(unresolved.map((deployment) => deployOrder(deps, sql, deployment))),
      keep,
    },
  };
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
