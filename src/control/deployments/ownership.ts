import type { Row } from '../../deps.ts';
import type { AppConfig } from '../../jobs/deploy/app-config.ts';
import type { Transaction } from '../outbox/transact.ts';

type Sql = Pick<Transaction, 'sql' | 'now'>;

/** Why the run may not deploy this app, or null. An app that nobody has deployed yet becomes the repository's. */
export async function ownershipProblem(t: Sql, run: Row<'runs'>, config: AppConfig): Promise<string | null> {
  if (run.repo_id === null) return 'only a job of a repository can deploy, and a task has none';
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
  return hostProblem(t, config);
}

async function hostProblem(t: Sql, config: AppConfig): Promise<string | null> {
  const { hosts } = config.processes.web;
  if (hosts.length === 0) return null;
  const taken = await t.sql.selectFrom('hosts').selectAll().where('host', 'in', hosts).execute();
  const other = taken.find((row) => row.app !== config.app || row.environment !== config.environment);
  return other ? `the host ${other.host} belongs to ${other.app} in ${other.environment}` : null;
}

/** A host stays with its environment until that goes live without it. */
export async function claimHosts(t: Sql, config: AppConfig): Promise<void> {
  for (const host of config.processes.web.hosts)
    await t.sql
      .insertInto('hosts')
      .values({ host, app: config.app, environment: config.environment })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
}

/** Frees the environment's hosts that its live configuration does not name. */
export async function releaseHosts(t: Sql, { app, environment, processes }: AppConfig): Promise<void> {
  const { hosts } = processes.web;
  const own = t.sql.deleteFrom('hosts').where('app', '=', app).where('environment', '=', environment);
  await (hosts.length > 0 ? own.where('host', 'not in', hosts) : own).execute();
}
