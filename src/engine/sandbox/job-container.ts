import type { ContainerSpec, Limits, Mount } from '../../deps.ts';
import { hasCode } from '../../error.ts';
import type { JobGrant } from '../../jobs/protocol/grant.ts';
import { interpolate } from '../../workflows/expressions/template.ts';
import type { EngineDeps } from '../engine-deps.ts';
import { jobContexts } from '../job/contexts.ts';
import { type Attempt, say } from '../job/job-execution.ts';
import { jobContainer, jobsNetwork } from '../names.ts';
import { PID, SCRIPT } from '../steps/shell.ts';
import { EVENT, TEMP, WORKSPACE } from '../steps/step-environment.ts';
import { UserError } from '../user-error.ts';
import type { Folder } from '../workspace/folder.ts';
import { IN_CONTAINER, RUNNER_FILES } from '../workspace/runner-file.ts';
import { outsideAccess } from './certificates.ts';
import { runnerImage } from './runner-image.ts';

/** Sleeps until it is told to end. An image without `sleep` ends at once, rather than spin. */
const SLEEPER = ['sh', '-c', `trap 'exit 0' TERM; while :; do sleep 3600 & wait $! || exit 1; done`];

/** The job's container, made when the first step needs one. */
export async function needContainer(attempt: Attempt, step: number, signal: AbortSignal): Promise<string> {
  if (attempt.container !== null) return attempt.container;
  const image = await chosenImage(attempt, step, signal);
  const container = await createContainer(attempt, {
    image,
    entrypoint: SLEEPER,
    command: [],
    env: {},
    cwd: WORKSPACE,
    // As docker run's default; the workspace is the worker's, so an image's lesser user could not write there.
    user: '0:0',
    mounts: jobMounts(attempt.folder),
  });
  await attempt.deps.docker.start(container);
  attempt.container = container;
  attempt.image = image;
  return container;
}

export const NO_SHELL = "the job's image cannot hold steps: it needs `sh` and `sleep`";

/** Why a process could not be started there: one without a shell ends at once, and a step may end its own. Other errors stay as they are. */
export async function explained({ deps }: Attempt, container: string, error: unknown): Promise<unknown> {
  if (!hasCode(error, 'conflict')) return error;
  const found = await deps.docker.inspect(container);
  if (found === null || found.state !== 'exited') return error;
  const hasNoShell = found.exit_code === 127 || found.exit_code === 126;
  return new UserError(hasNoShell ? NO_SHELL : `the job's container has ended, with code ${found.exit_code}`, {
    cause: error,
  });
}

/** A container of this attempt, with what all of them have in common. */
export async function createContainer(
  { deps, grant, reporter }: Attempt,
  own: Pick<ContainerSpec, 'image' | 'entrypoint' | 'command' | 'env' | 'cwd' | 'user' | 'mounts'>,
): Promise<string> {
  const outside = outsideAccess(deps);
  const network = jobsNetwork(deps.envelope.installation);
  await deps.docker.network({ name: network, open: false, labels: {} });
  return deps.docker.create({
    ...own,
    name: jobContainer(reporter.attempt),
    labels: {
      'gantry.run': grant.run,
      'gantry.job': grant.job,
      'gantry.attempt': reporter.attempt,
      'gantry.attempt_number': String(grant.number),
    },
    env: { ...outside.env, ...own.env },
    mounts: [...own.mounts, ...outside.mounts],
    network,
    aliases: [],
    limits: jobLimits(deps, grant),
    init: true,
    privileges: 'job',
    restart: 'no',
    publish: [],
    log_bytes: null,
  });
}

export function jobLimits({ config }: EngineDeps, { limits }: JobGrant): Limits & { memory: number } {
  const memory = limits.memory_mb === null ? config.job_limits.memory : limits.memory_mb * 1024 * 1024;
  return { cpus: limits.cpus ?? config.job_limits.cpus, memory, pids: config.job_limits.pids };
}

/** The image that the job asks for, here and ready, by its id. */
export async function chosenImage(attempt: Attempt, step: number, signal: AbortSignal): Promise<string> {
  const { deps, grant } = attempt;
  const watch = { progress: (line: string) => say(attempt, step, line), signal };
  const { image: asked } = grant.spec.container;
  if (asked === null) return runnerImage(deps, grant.spec.runs_on, watch);
  const image = interpolate(asked, jobContexts(attempt)).trim();
  if (image === '') throw new UserError(`container.image is empty: \`${asked}\` came to nothing`);
  const found = (await deps.docker.image(image)) ?? (await deps.docker.pull(image, watch));
  return found.id;
}

function jobMounts(folder: Folder): Mount[] {
  return [
    bound(folder.workspace, WORKSPACE),
    bound(folder.temp, TEMP),
    bound(folder.event, EVENT, true),
    bound(folder.script, SCRIPT, true),
    bound(folder.pid, PID),
    ...Object.entries(RUNNER_FILES).map(([variable, name]) =>
      bound(folder.files[variable as keyof typeof RUNNER_FILES], `${IN_CONTAINER}/${name}`),
    ),
  ];
}

function bound(source: string, target: string, read_only = false): Mount {
  return { source, target, kind: 'bind', read_only };
}
