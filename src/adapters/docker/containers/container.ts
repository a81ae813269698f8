import { setTimeout as delay } from 'node:timers/promises';
import { hasCode } from '../../../error.ts';
import { type Container, type ContainerSpec, DockerError } from '../docker.ts';
import type { Engine } from '../engine/connection.ts';
import { awaitCall, awaitCallUnless } from '../engine/failure.ts';
import { image } from '../images/image.ts';
import { containerBody } from './container-body.ts';
import { toContainer } from './container-info.ts';

/** Throws `image_missing` when the image is not local, `conflict` when the name is taken. */
export async function create(engine: Engine, spec: ContainerSpec): Promise<string> {
  const found = await image(engine, spec.image);
  if (!found) throw new DockerError('image_missing', `The image ${spec.image} is not on this Docker Engine`);
  const body = containerBody(spec, engine.installation, found.labels);
  return (await awaitCall(`create container ${spec.name}`, engine.calls.createContainer(body))).id;
}

export async function start(engine: Engine, container: string): Promise<void> {
  await awaitCallUnless(`start container ${container}`, [304], null, engine.calls.getContainer(container).start());
}

export async function stop(engine: Engine, container: string, grace: number): Promise<void> {
  const stopping = engine.streams.getContainer(container).stop({ t: Math.ceil(grace / 1000) });
  await awaitCallUnless(`stop container ${container}`, [304, 404], null, stopping);
}

export async function signal(engine: Engine, container: string, signal: 'TERM' | 'KILL'): Promise<void> {
  const operation = `signal container ${container}`;
  const handle = engine.calls.getContainer(container);
  const found = await awaitCallUnless(operation, [404], null, handle.inspect());
  if (found === null) return;
  // Missing in @types/dockerode.
  const { StopSignal } = found.Config as { StopSignal?: string };
  const name = signal === 'TERM' ? StopSignal || 'SIGTERM' : 'SIGKILL';
  // 409: it does not run.
  await awaitCallUnless(operation, [404, 409], null, handle.kill({ signal: name }));
}

export async function remove(engine: Engine, container: string): Promise<void> {
  const operation = `remove container ${container}`;
  const handle = engine.calls.getContainer(container);
  for (const end = Date.now() + REMOVAL_TIMEOUT; ; ) {
    const found = await inspect(engine, container);
    if (found === null) return;
    if (found.labels['gantry.installation'] !== engine.installation)
      throw new DockerError('refused', `Cannot ${operation}: it belongs to another installation`);
    // 409: it is being removed already; wait for that.
    await awaitCallUnless(operation, [404, 409], null, handle.remove({ force: true, v: true }));
    if ((await inspect(engine, container)) === null) return;
    if (Date.now() > end) throw new DockerError('failed', `Cannot ${operation}: it is still there after a minute`);
    await delay(100);
  }
}

export async function inspect(engine: Engine, container: string): Promise<Container | null> {
  const call = engine.calls.getContainer(container).inspect();
  const answer = await awaitCallUnless(`inspect container ${container}`, [404], null, call);
  return answer && toContainer(answer);
}

export async function containers(engine: Engine, labels: Record<string, string>): Promise<Container[]> {
  const wanted = Object.entries({ ...labels, 'gantry.installation': engine.installation });
  const filters = { label: wanted.map(([name, value]) => `${name}=${value}`) };
  const listed = await awaitCall('list containers', engine.calls.listContainers({ all: true, filters }));
  const found = await Promise.all(listed.map(({ Id }) => inspect(engine, Id)));
  return found.filter((container) => container !== null);
}

export async function whilePaused<T>(engine: Engine, container: string, work: () => Promise<T>): Promise<T> {
  if (!(await pause(engine, container))) return work();
  try {
    return await work();
  } finally {
    await unpause(engine, container);
  }
}

export async function setRestartPolicy(engine: Engine, container: string, policy: 'no' | 'unless-stopped') {
  const update = engine.calls.getContainer(container).update({ RestartPolicy: { Name: policy } });
  await awaitCall(`set the restart policy of container ${container}`, update);
}

const REMOVAL_TIMEOUT = 60_000;
const UNPAUSE_TIMEOUT = 10_000;
const PAUSE_TRIES = 5;

/** False when the container does not run, or is paused already. Under load the Engine fails to freeze some containers at the first try. */
async function pause(engine: Engine, container: string, tries = PAUSE_TRIES): Promise<boolean> {
  const call = engine.calls.getContainer(container).pause();
  try {
    return await awaitCallUnless(
      `pause container ${container}`,
      [409],
      false,
      call.then(() => true),
    );
  } catch (error) {
    if (tries === 1 || !hasCode(error, 'failed')) throw error;
    await delay(200);
    return pause(engine, container, tries - 1);
  }
}

/** A missing or running container is not an error. */
async function unpause(engine: Engine, container: string): Promise<void> {
  const handle = engine.calls.getContainer(container);
  const call = handle.unpause({ abortSignal: AbortSignal.timeout(UNPAUSE_TIMEOUT) });
  await awaitCallUnless(`unpause container ${container}`, [404, 409], null, call);
}
