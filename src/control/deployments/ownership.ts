import type { Row } from '../../deps.ts';
import type { AppConfig } from '../../jobs/deploy/app-config.ts';
import type { Transaction } from '../outbox/transact.ts';

/** Why the run may not deploy this app, or null. An app without an owner is given to the run's repository. */
export async function ownershipProblem(
  t: Pick<Transaction, 'sql' | 'now'>,
  run: Row<'runs'>,
  config: AppConfig,
): Promise<string | null> {
  if (run.repo_id === null) return 'a task cannot deploy; only jobs of a repository can';
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

async function hostProblem(t: Pick<Transaction, 'sql'>, config: AppConfig): Promise<string | null> {
  const { hosts } = config.processes.web;
  if (hosts.length === 0) return null;
  const taken = await t.sql.selectFrom('hosts').selectAll().where('host', 'in', hosts).execute();
  const other = taken.find((row) => row.app !== config.app || row.environment !== config.environment);
  return other ? `the host ${other.host} belongs to ${other.app} in ${other.environment}` : null;
}

/** Assigns the hosts that have no environment to this one. It keeps them until a release without them goes live. */
export async function claimHosts(t: Pick<Transaction, 'sql'>, config: AppConfig): Promise<void> {
  for (const host of config.processes.web.hosts)
    await t.sql
      .insertInto('hosts')
      .values({ host, app: config.app, environment: config.environment })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
}

/** Frees the environment's hosts that its live configuration no longer names. */
export async function freeHosts(
  t: Pick<Transaction, 'sql'>,
  { app, environment, processes }: AppConfig,
): Promise<void> {
  const { hosts } = processes.web;
  const own = t.sql.deleteFrom('hosts').where('app', '=', app).where('environment', '=', environment);
  await (hosts.length > 0 ? own.where('host', 'not in', hosts) : own).execute();
}
