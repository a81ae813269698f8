import type { Row } from '../../deps.ts';
import { AppConfig } from '../../jobs/deploy/app-config.ts';
import type { NewRelease } from '../../jobs/deploy/deployment.ts';
import type { Transaction } from '../outbox/transact.ts';
import { listSecrets } from '../repos/secrets.ts';

/** The release of this job's image; the one that an attempt before made is taken up again. Returns its id. */
export async function makeRelease(
  t: Transaction,
  run: Row<'runs'>,
  job: Row<'jobs'>,
  request: NewRelease,
): Promise<string> {
  const { config } = request;
  const before = await t.sql
    .selectFrom('deployments')
    .innerJoin('releases', 'releases.id', 'deployments.release_id')
    .select('releases.id')
    .where('deployments.job_id', '=', job.id)
    .where('releases.environment', '=', config.environment)
    .where('releases.image_id', '=', request.image_id)
    .executeTakeFirst();
  if (before) return before.id;
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
      config: JSON.stringify(config),
      secret_versions: JSON.stringify(Object.fromEntries(config.secrets.map((name) => [name, versions.get(name)]))),
      created_at: t.now,
    })
    .execute();
  return id;
}

/** Names a configuration's secrets that the repository does not hold, in a sentence; null when it holds all of them. */
export async function missingSecrets(t: Transaction, run: Row<'runs'>, config: AppConfig): Promise<string | null> {
  const versions = await secretVersions(t, run.repo_id);
  const missing = config.secrets.filter((name) => !versions.has(name));
  if (missing.length === 0) return null;
  return `gantry.yml names ${missing.join(', ')}, which the repository's secrets do not hold; set it with \`gantry secrets set\``;
}

async function secretVersions(t: Transaction, repo_id: string | null): Promise<Map<string, number>> {
  const secrets = repo_id === null ? [] : await listSecrets(t.sql, repo_id);
  return new Map(secrets.map(({ name, version }) => [name, version]));
}

/** The configuration of the release that this job was made to put back; throws for any other. */
export async function keptConfig(t: Transaction, job: Row<'jobs'>, release: string): Promise<AppConfig> {
  if (job.release_id !== release) throw new Error(`job ${job.id} may not put back release ${release}`);
  return configOf(t, release);
}

export async function configOf(t: Transaction, release: string | null): Promise<AppConfig> {
  const { config } = await t.sql
    .selectFrom('releases')
    .select('config')
    .where('id', '=', release)
    .executeTakeFirstOrThrow();
  return AppConfig.parse(JSON.parse(config));
}
