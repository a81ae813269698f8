import { lstat, readFile } from 'node:fs/promises';
import { relative } from 'node:path';
import type { Image } from '../../deps.ts';
import type { JobGrant } from '../../jobs/protocol/grant.ts';
import type { EngineDeps } from '../engine-deps.ts';
import { type JobExecution, logLine } from '../execution/job-execution.ts';
import type { RunningStep, StepEnd } from '../execution/step.ts';
import { buildImage, buildRepository } from '../names.ts';
import { caSecret } from '../sandbox/outbound-access.ts';
import { UserError } from '../user-error.ts';
import { SUCCESS } from '../verdict.ts';
import { pathInWorkspace } from '../workspace/workspace.ts';
import { type BuildInputs, parseBuildInputs } from './build-inputs.ts';
import { type ContextStream, OUTSIDE_DOCKERFILE, readIgnored, streamContext } from './context-stream.ts';

/** gantry/build@v1: builds an image from the workspace, with BuildKit, outside the job's container. */
export async function buildStep(execution: JobExecution, step: RunningStep): Promise<StepEnd> {
  const inputs = parseBuildInputs(step.with);
  const { deps, grant, reporter } = execution;
  const own_name = buildImage(deps.envelope.installation, repositoryOf(grant), reporter.attempt, step.id);
  const tags = [own_name, ...inputs.tags];
  const built = await build(execution, step, { ...inputs, tags });
  await untagOlderBuilds(execution);
  const digest = inputs.push ? await pushAll(execution, step, inputs.tags) : built.id;
  const image = (inputs.push ? await pushedName(deps.docker, own_name, digest) : null) ?? own_name;
  logLine(execution, step.number, `Built ${tags.join(', ')}: ${digest}`);
  return { verdict: SUCCESS, outputs: { image, digest } };
}

async function build(execution: JobExecution, step: RunningStep, inputs: BuildInputs): Promise<Image> {
  const { deps, sandbox, reporter } = execution;
  const opened = Promise.withResolvers<{ context: ContextStream; dockerfile: string }>();
  // The job is paused until the last file has been read, not until the image is built.
  const reading = sandbox.whilePaused(async () => {
    const { context, dockerfile } = await openContext(execution.folder.workspace, inputs);
    opened.resolve({ context, dockerfile });
    await context.walked;
  });
  reading.catch(opened.reject);
  const { context, dockerfile } = await opened.promise;
  const secrets = await caSecret(deps.config);
  const building = deps.docker.build(
    {
      context: context.stream,
      dockerfile,
      tags: inputs.tags,
      labels: { ...sourceLabels(execution), ...inputs.labels },
      build_args: { ...deps.config.proxy_env, ...inputs.build_args },
      target: inputs.target,
      secrets,
      no_cache: false,
    },
    {
      signal: step.signal,
      progress: (line) => logLine(execution, step.number, line),
      output: (stream, chunk) => reporter.log.write(step.number, stream, chunk),
    },
  );
  return awaitBoth(reading, building);
}

/** A context that cannot be read also fails the build, so its error is the one to report. Resolves when both have ended. */
async function awaitBoth(reading: Promise<void>, building: Promise<Image>): Promise<Image> {
  const [read, built] = await Promise.allSettled([reading, building]);
  if (read.status === 'rejected' && read.reason instanceof UserError) throw read.reason;
  if (built.status === 'rejected') throw built.reason;
  return built.value;
}

async function openContext(workspace: string, inputs: BuildInputs) {
  const folder = await pathInWorkspace(workspace, inputs.context);
  const file = await pathInWorkspace(workspace, inputs.file);
  if (!(await lstat(folder).catch(() => null))?.isDirectory())
    throw new UserError(
      `the build context \`${inputs.context}\` is not a folder in the workspace; is there a checkout step before this one?`,
    );
  if (!(await lstat(file).catch(() => null))?.isFile())
    throw new UserError(`there is no \`${inputs.file}\` in the workspace; is there a checkout step before this one?`);
  const inside = relative(folder, file);
  const isOutside = inside.startsWith('..');
  const dockerfile = isOutside ? OUTSIDE_DOCKERFILE : inside;
  const ignored = await readIgnored(folder, file);
  const outside = isOutside ? await readFile(file) : null;
  return { context: streamContext(folder, ignored, { path: dockerfile, outside }), dockerfile };
}

function sourceLabels({ grant, deps }: Pick<JobExecution, 'grant' | 'deps'>): Record<string, string> {
  const server = typeof grant.github.server_url === 'string' ? grant.github.server_url : 'https://github.com';
  const labels = {
    'org.opencontainers.image.created': new Date(deps.now()).toISOString(),
    'org.opencontainers.image.title': grant.source?.name.split('/').at(-1),
    'org.opencontainers.image.source': grant.source === null ? undefined : `${server}/${grant.source.name}`,
    'org.opencontainers.image.revision': grant.sha ?? undefined,
    'org.opencontainers.image.version': grant.ref?.replace(/^refs\/(heads|tags)\//, ''),
  };
  return Object.fromEntries(
    Object.entries(labels).filter((label): label is [string, string] => label[1] !== undefined),
  );
}

async function pushAll(execution: JobExecution, step: RunningStep, tags: string[]): Promise<string> {
  const watch = { progress: (line: string) => logLine(execution, step.number, line), signal: step.signal };
  const digests: string[] = [];
  for (const tag of tags) digests.push((await execution.deps.docker.push(tag, watch)).digest);
  return digests[0] ?? '';
}

/** `name@digest`, by which other hosts can pull it; null if this Engine does not know it by that digest. */
async function pushedName(docker: EngineDeps['docker'], name: string, digest: string): Promise<string | null> {
  const image = await docker.image(name);
  return image?.digests.find((one) => one.endsWith(`@${digest}`)) ?? null;
}

/** The built images that are kept for each repository: later jobs of a run may use them. */
const KEPT_BUILDS = 20;

async function untagOlderBuilds({ deps: { docker, envelope }, grant }: Pick<JobExecution, 'deps' | 'grant'>) {
  const names = await docker.tags(buildRepository(envelope.installation, repositoryOf(grant)));
  // Attempts' ids sort by the time of their creation.
  for (const name of names.toSorted().toReversed().slice(KEPT_BUILDS)) await docker.untag(name);
}

function repositoryOf({ source }: Pick<JobGrant, 'source'>): string {
  return source?.name ?? 'none';
}
