import type { Image } from '../../deps.ts';
import type { AppConfig } from '../../jobs/deploy/app-config.ts';
import type { DeployRequest } from '../../jobs/deploy/deployment.ts';
import { DEFAULT_ENVIRONMENT } from '../../workflows/action.ts';
import { resolveApp } from '../../workflows/app/app-environment.ts';
import { parseAppFile } from '../../workflows/app/app-file.ts';
import { type JobExecution, logLine } from '../execution/job-execution.ts';
import type { RunningStep } from '../execution/step.ts';
import { buildImage } from '../names.ts';
import { UserError } from '../user-error.ts';
import { fetchJobCommit } from '../workspace/job-commit.ts';

/** The request to control, and the image to keep meanwhile: its name may move to another image. A rollback has no image. */
export async function deployRequest(
  execution: JobExecution,
  step: RunningStep,
): Promise<{ request: DeployRequest; image: Image | null }> {
  const { release } = execution.grant;
  const environment = step.with.environment || DEFAULT_ENVIRONMENT;
  if (release !== null) return { request: { step: step.number, release, environment }, image: null };
  const image = await findImage(execution, step);
  const config = await readAppConfig(execution, environment, step.signal);
  // Without a registry there is no digest.
  const digest = image.digests[0]?.split('@')[1] ?? null;
  const request = { step: step.number, config, image_id: image.id, image: step.with.image ?? '', digest };
  return { request, image };
}

/** Tags an image during the work, so that no prune removes it before a release has tagged it. */
export async function whileTagged<T>(
  { deps: { docker, envelope }, grant, owner }: Pick<JobExecution, 'deps' | 'grant' | 'owner'>,
  image: Image | null,
  work: () => Promise<T>,
): Promise<T> {
  if (image === null) return work();
  const name = buildImage(envelope.installation, grant.source?.name ?? 'none', owner.attempt, 'held');
  await docker.tag(image.id, name);
  try {
    return await work();
  } finally {
    await docker.untag(name);
  }
}

async function findImage(execution: JobExecution, step: RunningStep): Promise<Image> {
  const reference = step.with.image?.trim() ?? '';
  if (reference === '') throw new UserError('the input `image` is empty; it names the image to deploy');
  const { docker } = execution.deps;
  const progress = (line: string) => logLine(execution, step.number, line);
  return (await docker.image(reference)) ?? docker.pull(reference, { progress, signal: step.signal });
}

const APP_FILE = 'gantry.yml';
const APP_FILE_LIMIT = 256 * 1024;

/** The app's configuration for the environment, from gantry.yml at the job's own commit: a step may have changed the one in the workspace. */
async function readAppConfig(
  { deps: { git }, grant, reporter }: Pick<JobExecution, 'deps' | 'grant' | 'reporter'>,
  environment: string,
  signal: AbortSignal,
): Promise<AppConfig> {
  const { source } = grant;
  if (source === null) throw new UserError('nothing to deploy: this job belongs to no repository');
  const { sha } = await fetchJobCommit(git, grant, source, signal);
  const text = await git.read(source.id, sha, APP_FILE, APP_FILE_LIMIT);
  if (text === null) throw new UserError(`there is no ${APP_FILE} at ${sha}; it describes how to deploy the app`);
  const { app, annotations } = parseAppFile(APP_FILE, text);
  if (app === null) {
    for (const data of annotations) await reporter.emit({ type: 'annotation', data });
    const [first] = annotations;
    throw new UserError(`${APP_FILE}:${first?.line}:${first?.column}: ${first?.message}`);
  }
  const { config, problem } = resolveApp(app, environment);
  if (config === null) throw new UserError(problem);
  return config;
}
