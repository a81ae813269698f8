import type { Row, ServerDeps, Sql } from '../../deps.ts';
import type { DeployOrder, LiveRelease } from '../../jobs/deploy/deployment.ts';
import { isOrdered } from '../../jobs/deploy/environment.ts';
import { openSecretAt } from '../repos/secrets.ts';
import { appConfig, releaseSecretVersions } from '../stored/columns.ts';

/**
 * Everything that a worker needs to start a deployment's release, with the secrets in the release's versions. Throws when one of
 * them no longer exists.
 */
export async function deployOrder(
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
  const secrets = await releaseSecrets(vault, sql, run.repo_id, releaseSecretVersions.read(release));
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
  };
}

async function releaseSecrets(
  vault: ServerDeps['vault'],
  sql: Sql,
  repo_id: string | null,
  versions: Record<string, number>,
): Promise<Record<string, string>> {
  const secrets: Record<string, string> = {};
  for (const [name, version] of Object.entries(versions)) {
    const value = repo_id === null ? null : await openSecretAt(sql, vault, repo_id, name, version);
    if (value === null) throw new Error(`version ${version} of the secret ${name} no longer exists`);
    secrets[name] = value;
  }
  return secrets;
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
