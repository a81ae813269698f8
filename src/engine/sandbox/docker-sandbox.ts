import type { ContainerSpec } from '../../deps.ts';
import type { EngineDeps } from '../engine-deps.ts';
import { attemptContainer, attemptNetwork, type ContainerRole, jobsNetwork } from '../names.ts';
import { WORKSPACE } from '../workspace/job-folder.ts';
import { type DockerProcess, execProcess, mainProcess } from './docker-process.ts';
import { outboundAccess } from './outbound-access.ts';
import { removeAttempt } from './removal.ts';
import { type AttemptIds, type Sandbox, SandboxError, type SandboxSpec } from './sandbox.ts';

type Deps = Pick<EngineDeps, 'docker' | 'config' | 'envelope' | 'log'>;

/** Sleeps until SIGTERM. In an image without `sleep` it ends at once rather than loop. */
const IDLE: NonNullable<SandboxSpec['main']> = {
  entrypoint: ['sh', '-c', `trap 'exit 0' TERM; while :; do sleep 3600 & wait $! || exit 1; done`],
  command: [],
  env: {},
  cwd: WORKSPACE,
  // The workspace belongs to the worker's user; another user of the image could not write there.
  user: '0:0',
};

/** A sandbox whose processes are started through the Docker Engine. Only the worker process that started one can attach to it. */
export async function createSandbox(deps: Deps, spec: SandboxSpec): Promise<Sandbox> {
  const { docker } = deps;
  const container = await docker.create(await containerSpec(deps, spec));
  if (spec.main === null) await docker.start(container);
  const running = new Map<string, DockerProcess>();
  let started = 0;
  const register = (process: DockerProcess) => {
    running.set(process.id, process);
    const forget = () => void running.delete(process.id);
    process.wait().then(forget, forget);
    return process;
  };
  return {
    image: spec.image,
    runMain: async (output) => register(mainProcess(docker, container, output)),
    run: async (process, output) => register(await execProcess(deps, container, String(++started), process, output)),
    attach: async (id, output) => {
      const process = running.get(id);
      if (process === undefined)
        throw new SandboxError('not_attachable', `Process ${id} has ended, or another worker process started it`);
      process.attach(output);
      return process;
    },
    whilePaused: (work) => docker.whilePaused(container, work),
    remove: () => removeAttempt(docker, spec.owner.attempt),
  };
}

async function containerSpec(deps: Deps, spec: SandboxSpec): Promise<ContainerSpec> {
  const outside = outboundAccess(deps.config);
  const main = spec.main ?? IDLE;
  return {
    ...main,
    name: attemptContainer(spec.owner.attempt, 'job'),
    image: spec.image,
    labels: { ...ownerLabels(spec.owner), 'gantry.role': 'job' satisfies ContainerRole },
    env: { ...outside.env, ...main.env },
    mounts: [...spec.mounts, ...outside.mounts],
    network: await ensureNetwork(deps, spec),
    aliases: [],
    limits: spec.limits,
    init: true,
    privileges: 'job',
    restart: 'no',
    publish: [],
    log_bytes: null,
  };
}

async function ensureNetwork({ docker, envelope }: Deps, { owner, network }: SandboxSpec): Promise<string> {
  const name = network === 'shared' ? jobsNetwork(envelope.installation) : attemptNetwork(owner.attempt);
  await docker.ensureNetwork(
    network === 'shared'
      ? { name, open: false, labels: {} }
      : { name, open: true, subnet: network.subnet, labels: ownerLabels(owner) },
  );
  return name;
}

function ownerLabels({ run, job, attempt, number }: AttemptIds): Record<string, string> {
  return {
    'gantry.run': run,
    'gantry.job': job,
    'gantry.attempt': attempt,
    'gantry.attempt_number': String(number),
  };
}
