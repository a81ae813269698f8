import type { Row, ServerDeps, Sql } from '../../deps.ts';
import { messageOf } from '../../error.ts';
import type { DeployOrder, LiveRelease } from '../../jobs/deploy/deployment.ts';
import { isOrdered } from '../../jobs/deploy/environment.ts';
import { openSecretAt } from '../repos/secrets.ts';
import { appConfig, releaseSecretVersions } from '../stored/columns.ts';

/**
 * Everything that a worker needs to start a deployment's release, with the secrets in the release's versions. Throws when one of
 * them no longer exists or cannot be opened.
 */
export async function deployOrder(
  deps: Pick<ServerDeps, 'vault'>,
  sql: Sql,
  deployment: Row<'deployments'>,
): Promise<DeployOrder> {
  const order = await reconciliationOrder(deps, sql, deployment);
  if (order.problem !== null) throw new Error(order.problem);
  return order;
}

/** Like `deployOrder`, but when a secret cannot be opened, the order has no secrets, and `problem` has the reason. */
export async function reconciliationOrder(
  { vault }: Pick<ServerDeps, 'vault'>,
  sql: Sql,
  deployment: Row<'deployments'>,
): Promise<DeployOrder> {
  const release = await sql
    .selectFrom('releases')
    .selectAll()
    .where('id', '=', deployment.release_id)
    .executeTakeFirstOrThrow();
  const run = await sql.selectFrom('runs').selectAll().where('id', '=', deployment.run_id).executeTakeFirstOrThrow();
  const config = appConfig.read(release);
  const { secrets, problem } = await releaseSecrets(vault, sql, run.repo_id, release);
  return {
    deployment: deployment.id,
    release: release.id,
    config,
    image_id: release.image_id,
    env: { ...config.env, ...secrets },
    masks: Object.values(secrets),
    sha: release.sha,
    live: await liveRelease(sql, deployment),
    ordered: isOrdered(run.trigger, run.forced === 1),
    problem,
  };
}

async function releaseSecrets(
  vault: ServerDeps['vault'],
  sql: Sql,
  repo_id: string | null,
  release: Row<'releases'>,
): Promise<{ secrets: Record<string, string>; problem: string | null }> {
  const secrets: Record<string, string> = {};
  for (const [name, version] of Object.entries(releaseSecretVersions.read(release))) {
    const problem = (reason: string) => ({
      secrets: {},
      problem: `version ${version} of the secret ${name} ${reason}`,
    });
    try {
      const value = repo_id === null ? null : await openSecretAt(sql, vault, repo_id, name, version);
      if (value === null) return problem('no longer exists');
      secrets[name] = value;
    } catch (error) {
      return problem(`cannot be opened: ${messageOf(error)}`);
    }
  }
  return { secrets, problem: null };
}

async function liveRelease(sql: Sql, deployment: Row<'deployments'>): Promise<LiveRelease | null> {
  const live = await sql
    .selectFrom('deployments')
    .innerJoin('releases', 'releases.id', 'deployments.release_id')
    .select([
      'deployments.id as deployment',
      'releases.id as release',
      'releases.image_id',
      'releases.sha',
      'releases.config',
    ])
    .where('deployments.app', '=', deployment.app)
    .where('deployments.environment', '=', deployment.environment)
    .where('deployments.status', '=', 'live')
    .where('deployments.id', '<>', deployment.id)
    .executeTakeFirst();
  if (!live) return null;
  const { config, ...rest } = live;
  return { ...rest, stop_grace: appConfig.read({ id: live.release, config }).processes.web.stop_grace };
}
