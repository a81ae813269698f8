import type { Row } from '../../deps.ts';
import type { AppConfig } from '../../jobs/deploy/app-config.ts';
import type { NewRelease } from '../../jobs/deploy/deployment.ts';
import type { Transaction } from '../outbox/transact.ts';
import { listSecrets } from '../repos/secrets.ts';
import { appConfig, releaseSecretVersions } from '../stored/columns.ts';

/** Makes a release of a job's image, unless an earlier attempt at the job made it. Returns the release's id. */
export async function makeRelease(
  t: Pick<Transaction, 'sql' | 'now' | 'newId'>,
  run: Row<'runs'>,
  job: Row<'jobs'>,
  request: NewRelease,
): Promise<string> {
  const { config } = request;
  const earlier = await t.sql
    .selectFrom('deployments')
    .innerJoin('releases', 'releases.id', 'deployments.release_id')
    .select('releases.id')
    .where('deployments.job_id', '=', job.id)
    .where('releases.environment', '=', config.environment)
    .where('releases.image_id', '=', request.image_id)
    .executeTakeFirst();
  if (earlier) return earlier.id;
  const id = t.newId('rel');
  const versions = await secretVersions(t, run.repo_id);
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
      config: appConfig.write(config),
      secret_versions: releaseSecretVersions.write(
        Object.fromEntries([...versions].filter(([name]) => config.secrets.includes(name))),
      ),
      created_at: t.now,
    })
    .execute();
  return id;
}

/** Why the deployment is refused when the repository lacks secrets of the configuration; null when it has them all. */
export async function missingSecretsProblem(
  t: Pick<Transaction, 'sql'>,
  run: Row<'runs'>,
  config: AppConfig,
): Promise<string | null> {
  const versions = await secretVersions(t, run.repo_id);
  const missing = config.secrets.filter((name) => !versions.has(name));
  if (missing.length === 0) return null;
  return `missing secrets: gantry.yml names ${missing.join(', ')}, which the repository does not have; add them with \`gantry secrets set\``;
}

async function secretVersions(t: Pick<Transaction, 'sql'>, repo_id: string | null): Promise<Map<string, number>> {
  const secrets = repo_id === null ? [] : await listSecrets(t.sql, repo_id);
  return new Map(secrets.map(({ name, version }) => [name, version]));
}

/** The configuration of the release that a rollback job deploys. Throws when the job deploys another one. */
export async function rollbackConfig(
  t: Pick<Transaction, 'sql'>,
  job: Row<'jobs'>,
  release: string,
): Promise<AppConfig> {
  if (job.release_id !== release) throw new Error(`job ${job.id} may not roll back to release ${release}`);
  return releaseConfig(t, release);
}

export async function releaseConfig(t: Pick<Transaction, 'sql'>, release: string | null): Promise<AppConfig> {
  const row = await t.sql
    .selectFrom('releases')
    .select(['id', 'config'])
    .where('id', '=', release)
    .executeTakeFirstOrThrow();
  return appConfig.read(row);
}
