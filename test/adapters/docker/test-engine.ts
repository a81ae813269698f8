import { randomBytes } from 'node:crypto';
import { onTestFinished } from 'vitest';
import type { ContainerSpec } from '../../../src/adapters/docker/docker.ts';
import { openDocker } from '../../../src/adapters/docker/open-docker.ts';

export const installation = `test-${randomBytes(6).toString('hex')}`;
export const docker = openDocker({ host: process.env.DOCKER_HOST ?? null, installation });

export const never = new AbortController().signal;

/** Starts a container that sleeps. It is removed at the end of the test. */
export async function startContainer(changes: Partial<ContainerSpec> = {}): Promise<string> {
  const id = await createContainer(changes);
  await docker.start(id);
  return id;
}

/** Creates a container without starting it. It is removed at the end of the test. */
export async function createContainer(changes: Partial<ContainerSpec> = {}): Promise<string> {
  const id = await docker.create({ ...containerSpec, name: `gantry-${installation}-${unique()}`, ...changes });
  onTestFinished(() => docker.remove(id));
  return id;
}

export function unique(): string {
  return randomBytes(4).toString('hex');
}

export const containerSpec: ContainerSpec = {
  name: 'gantry-att_1',
  image: 'busybox:latest',
  labels: {},
  entrypoint: null,
  command: ['sleep', '600'],
  env: {},
  cwd: null,
  user: null,
  network: 'none',
  aliases: [],
  mounts: [],
  limits: { cpus: null, memory: null, pids: null },
  init: true,
  privileges: 'job',
  restart: 'no',
  publish: [],
  log_bytes: null,
};

/** Collects the output of a process. */
export function collector() {
  const parts: Buffer[] = [];
  const errors: Buffer[] = [];
  return {
    stdout: (chunk: Buffer) => void parts.push(chunk),
    stderr: (chunk: Buffer) => void errors.push(chunk),
    output: () => Buffer.concat(parts).toString(),
    errors: () => Buffer.concat(errors).toString(),
  };
}
