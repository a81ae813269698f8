import type { Row } from '../../deps.ts';
import type { AppConfig } from '../../jobs/deploy/app-config.ts';
import type { Transaction } from '../outbox/transact.ts';

/** Whose else it is what this run wants to deploy, in a sentence; null when it may. An app nobody deployed yet becomes the repository's. */
export async function ownedByOthers(t: Transaction, run: Row<'runs'>, config: AppConfig): Promise<string | null> {
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
  return takenHost(t, config);
}

async function takenHost(t: Transaction, config: AppConfig): Promise<string | null> {
  const { hosts } = config.processes.web;
  if (hosts.length === 0) return null;
  const taken = await t.sql.selectFrom('hosts').selectAll().where('host', 'in', hosts).execute();
  const other = taken.find((row) => row.app !== config.app || row.environment !== config.environment);
  return other ? `the host ${other.host} belongs to ${other.app} in ${other.environment}` : null;
}

/** A host stays with the environment until that goes live without it. */
export async function claimHosts(t: Transaction, config: AppConfig): Promise<void> {
  for (const host of config.processes.web.hosts)
    await t.sql
      .insertInto('hosts')
      .values({ host, app: config.app, environment: config.environment })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
}

/** What is live decides: hosts that it does not name are free for others. */
export async function giveUpHosts(t: Transaction, { app, environment, processes }: AppConfig): Promise<void> {
  const { hosts } = processes.web;
  const given_up = t.sql.deleteFrom('hosts').where('app', '=', app).where('environment', '=', environment);
  await (hosts.length > 0 ? given_up.where('host', 'not in', hosts) : given_up).execute();
}
