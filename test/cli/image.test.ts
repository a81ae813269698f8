import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import Docker from 'dockerode';
import { expect, onTestFinished, test, vi } from 'vitest';
import { openDocker } from '../../src/adapters/docker/open-docker.ts';
import { streamContext } from '../../src/engine/build/context-stream.ts';
import { startRedis } from '../redis.ts';
import { makeInstallation } from './installation.ts';

const CHECKOUT = resolve(import.meta.dirname, '../..');
const AUTHORITIES = '/etc/ssl/certs/ca-certificates.crt';

test('Containers of the image run as server and worker with a shared data directory, and execute a job', {
  timeout: 600_000,
}, async () => {
  const image = await buildImage();
  const redis = await startRedis();
  onTestFinished(() => redis.end());
  const { dir, env, gantry, end } = await makeInstallation({ GANTRY_REDIS_URL: redis.url });
  onTestFinished(end);
  const redis_dir = dirname(redis.url.replace('unix:', ''));
  const start = (role: string, binds: string[]) =>
    startContainer(image, role, env, [`${dir}:${dir}`, `${redis_dir}:${redis_dir}`, ...binds]);

  const server = await start('server', []);
  const worker = await start('worker', ['/var/run/docker.sock:/var/run/docker.sock']);
  const log = async () => String(await server.logs({ stdout: true, stderr: true }));
  await vi.waitFor(async () => expect(await health(server), await log()).toBe('healthy'), { timeout: 60_000 });
  const job = await gantry('jobs', 'start', 'busybox', '--run', 'echo from a container', '--wait');
  expect(job).toMatchObject({ code: 0, stdout: 'from a container\n' });
  await vi.waitFor(async () => expect(await health(worker)).toBe('healthy'), { timeout: 30_000 });
  for (const container of [worker, server]) {
    await container.stop({ t: 30 });
    expect((await container.inspect()).State.ExitCode).toBe(0);
  }
});

async function buildImage(): Promise<string> {
  const tag = `gantry-test:${randomBytes(4).toString('hex')}`;
  const recipe = { path: 'Dockerfile', outside: null };
  const { stream } = streamContext(CHECKOUT, readFileSync(join(CHECKOUT, '.dockerignore'), 'utf8'), recipe);
  const progress: string[] = [];
  const built = openDocker({ host: null, installation: 'test' }).build(
    {
      context: stream,
      dockerfile: 'Dockerfile',
      tags: [tag],
      labels: {},
      build_args: {},
      target: null,
      secrets: existsSync(AUTHORITIES) ? { 'gantry-ca': readFileSync(AUTHORITIES) } : {},
      no_cache: false,
    },
    { progress: (line) => progress.push(line), output: () => {}, signal: new AbortController().signal },
  );
  await built.catch((error: unknown) => {
    throw new Error(progress.slice(-20).join('\n'), { cause: error });
  });
  onTestFinished(() => new Docker().getImage(tag).remove());
  return tag;
}

async function health(container: Docker.Container): Promise<string | undefined> {
  return (await container.inspect()).State.Health?.Status;
}

/** On the host network, so that the command line of this machine reaches the server at its local address. */
async function startContainer(image: string, role: string, env: Record<string, string>, binds: string[]) {
  const { PATH: _, ...settings } = env;
  const container = await new Docker().createContainer({
    Image: image,
    Cmd: [role],
    Env: Object.entries(settings).map(([name, value]) => `${name}=${value}`),
    HostConfig: { NetworkMode: 'host', Binds: binds },
  });
  onTestFinished(() => container.remove({ force: true, v: true }));
  await container.start();
  return container;
}
