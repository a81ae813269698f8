import { lstat, readFile } from 'node:fs/promises';
import { relative } from 'node:path';
import type { Image } from '../../deps.ts';
import { type Attempt, say } from '../job/job-execution.ts';
import { buildImage, buildRepository } from '../names.ts';
import { caSecret } from '../sandbox/runner-recipe.ts';
import type { StepEnd, StepTurn } from '../steps/step.ts';
import { UserError } from '../user-error.ts';
import { SUCCESS } from '../verdict.ts';
import { pathInWorkspace } from '../workspace/workspace.ts';
import { type BuildInputs, parseBuildInputs } from './build-inputs.ts';
import { type ContextStream, OUTSIDE_RECIPE, readIgnored, streamContext } from './context-stream.ts';

/** gantry/build@v1: an image out of the workspace, built by BuildKit outside of the job's container. */
export async function buildStep(attempt: Attempt, turn: StepTurn): Promise<StepEnd> {
  const inputs = parseBuildInputs(turn.with);
  const { installation } = attempt.deps.envelope;
  const own = buildImage(installation, repositoryOf(attempt), attempt.reporter.attempt, turn.number);
  const tags = [own, ...inputs.tags];
  const built = await build(attempt, turn, { ...inputs, tags });
  await forgetOlder(attempt);
  const digest = inputs.push ? await pushAll(attempt, turn, inputs.tags) : built.id;
  const image = (inputs.push ? await pushedName(attempt, own, digest) : null) ?? own;
  say(attempt, turn.number, `Built ${tags.join(', ')}: ${digest}`);
  return { verdict: SUCCESS, outputs: { image, digest } };
}

async function build(attempt: Attempt, turn: StepTurn, inputs: BuildInputs): Promise<Image> {
  const { deps, container } = attempt;
  const opened = Promise.withResolvers<{ context: ContextStream; dockerfile: string }>();
  const walk = async () => {
    const { context, dockerfile } = await openContext(attempt, inputs);
    opened.resolve({ context, dockerfile });
    await context.walked;
  };
  // Held until the last file is read, not until the image is built.
  const walking = container === null ? walk() : deps.docker.whilePaused(container, walk);
  walking.catch(opened.reject);
  const { context, dockerfile } = await opened.promise;
  const secrets = await caSecret(deps);
  const building = deps.docker.build(
    {
      context: context.stream,
      dockerfile,
      tags: inputs.tags,
      labels: { ...sourceLabels(attempt), ...inputs.labels },
      build_args: { ...deps.config.proxy_env, ...inputs.build_args },
      target: inputs.target,
      secrets,
      no_cache: false,
    },
    {
      signal: turn.signal,
      progress: (line) => say(attempt, turn.number, line),
      output: (stream, chunk) => attempt.reporter.log.write(turn.number, stream, chunk),
    },
  );
  return judged(walking, building);
}

/** A context that could not be read is the reason, not the build that broke off for it; and both have ended. */
async function judged(walking: Promise<void>, building: Promise<Image>): Promise<Image> {
  const [walked, built] = await Promise.allSettled([walking, building]);
  if (walked.status === 'rejected' && walked.reason instanceof UserError) throw walked.reason;
  if (built.status === 'rejected') throw built.reason;
  return built.value;
}

async function openContext(attempt: Attempt, inputs: BuildInputs) {
  const { workspace } = attempt.folder;
  const folder = await pathInWorkspace(workspace, inputs.context);
  const recipe = await pathInWorkspace(workspace, inputs.file);
  if (!(await lstat(folder).catch(() => null))?.isDirectory())
    throw new UserError(
      `the build context \`${inputs.context}\` is no folder in the workspace; is there a checkout step before?`,
    );
  if (!(await lstat(recipe).catch(() => null))?.isFile())
    throw new UserError(`there is no \`${inputs.file}\` in the workspace; is there a checkout step before?`);
  const inside = relative(folder, recipe);
  const isOutside = inside.startsWith('..');
  const dockerfile = isOutside ? OUTSIDE_RECIPE : inside;
  const ignored = await readIgnored(folder, recipe);
  const outside = isOutside ? await readFile(recipe) : null;
  return { context: streamContext(folder, ignored, { path: dockerfile, outside }), dockerfile };
}

function sourceLabels({ grant, deps }: Attempt): Record<string, string> {
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

async function pushAll(attempt: Attempt, turn: StepTurn, tags: string[]): Promise<string> {
  const watch = { progress: (line: string) => say(attempt, turn.number, line), signal: turn.signal };
  const digests: string[] = [];
  for (const tag of tags) digests.push((await attempt.deps.docker.push(tag, watch)).digest);
  return digests[0] ?? '';
}

/** `name@digest`, by which other hosts find it too, where this Engine knows it so. */
async function pushedName({ deps }: Attempt, own: string, digest: string): Promise<string | null> {
  const image = await deps.docker.image(own);
  return image?.digests.find((name) => name.endsWith(`@${digest}`)) ?? null;
}

/** So many images of builds stay, by repository: later jobs of their runs may want them. */
const KEPT = 20;

async function forgetOlder(attempt: Attempt): Promise<void> {
  const { docker, envelope } = attempt.deps;
  const names = await docker.tags(buildRepository(envelope.installation, repositoryOf(attempt)));
  // Attempts' ids sort by the time they were made.
  for (const name of names.toSorted().toReversed().slice(KEPT)) await docker.untag(name);
}

function repositoryOf({ grant }: Attempt): string {
  return grant.source?.name ?? 'none';
}
