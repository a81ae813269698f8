import Dockerode from 'dockerode';
import { expect, onTestFinished, test } from 'vitest';
import { transferProgress } from '../../../../src/adapters/docker/images/transfer-progress.ts';
import { openRegistry, type Registry } from '../registry.ts';
import { docker, never } from '../test-engine.ts';

test('A pushed image gets the registry’s digest, and can be pulled by tag and by digest', async () => {
  const registry = await openRegistry();
  const name = await pushable(registry);
  const watch = watcher();
  const { digest } = await docker.push(`${name}:v1`, watch);
  expect(digest).toMatch(/^sha256:[0-9a-f]{64}$/);
  expect(watch.lines).toContainEqual(expect.stringMatching(/^v1: digest: sha256:|^\d+ of \d+ layers/));
  const { id } = await localImage(`${name}:v1`);
  expect((await localImage(`${name}:v1`)).digests).toContain(`${name}@${digest}`);
  await docker.untag(`${name}:v1`);
  expect(await docker.image(`${name}:v1`)).toBeNull();
  expect((await docker.pull(`${name}:v1`, watch)).id).toBe(id);
  await docker.untag(`${name}:v1`);
  expect((await docker.pull(`${name}@${digest}`, watch)).id).toBe(id);
  expect(watch.lines).toContainEqual(expect.stringMatching(/^Status: /));
});

test('A registry’s refusal is reported with its message', async () => {
  const registry = await openRegistry();
  const name = await pushable(registry);
  await expect(docker.pull(`${name}:nosuch`, watcher())).rejects.toMatchObject({
    code: 'image_missing',
    message: expect.stringMatching(/manifest.*(unknown|not found)/),
  });
  registry.refuse({ status: 429, code: 'TOOMANYREQUESTS', message: 'you have reached your pull rate limit' });
  await expect(docker.pull(`${name}:limited`, watcher())).rejects.toMatchObject({
    code: 'image_missing',
    message: expect.stringContaining('you have reached your pull rate limit'),
  });
  registry.refuse({ status: 401, code: 'UNAUTHORIZED', message: 'authentication required' });
  await expect(docker.push(`${name}:v1`, watcher())).rejects.toMatchObject({
    code: 'refused',
    message: expect.stringMatching(/unauthorized|no basic auth credentials|authentication required/),
  });
});

test('An unreachable registry is the host’s fault', async () => {
  await expect(docker.pull('127.0.0.1:1/no/such:image', watcher())).rejects.toMatchObject({
    code: 'failed',
    message: expect.stringMatching(/^Cannot pull 127\.0\.0\.1:1\/no\/such:image: .*connection refused/),
  });
});

test('A pull that is aborted before it starts rejects with the reason', async () => {
  const signal = AbortSignal.abort('by hand');
  await expect(docker.pull('127.0.0.1:1/no/such:image', { ...watcher(), signal })).rejects.toBe('by hand');
});

test('Progress sums up all layers every two seconds, and passes on messages about the image', () => {
  const progress = transferProgress();
  expect(progress({ id: '24', status: 'Pulling from library/node' }, 0)).toBe('Pulling from library/node:24');
  expect(progress(layer('a', 'Pulling fs layer'), 0)).toBe('0 of 1 layers');
  expect(progress(layer('b', 'Downloading', 500_000, 1_000_000), 100)).toBeNull();
  expect(progress(layer('a', 'Downloading', 1_000_000, 9_000_000), 2_000)).toBe('0 of 2 layers, 1.5 MB of 10.0 MB');
  expect(progress(layer('b', 'Pull complete'), 4_000)).toBe('1 of 2 layers, 2.0 MB of 10.0 MB');
  expect(progress({ status: 'Status: Downloaded newer image for node:24' }, 4_001)).toBe(
    'Status: Downloaded newer image for node:24',
  );
});

function layer(id: string, status: string, current?: number, total?: number) {
  const progressDetail = { ...(current === undefined ? {} : { current }), ...(total === undefined ? {} : { total }) };
  return { id, status, progressDetail };
}

/** Tags busybox as `:v1` of a repository in the registry. The tags are removed at the end of the test. */
async function pushable(registry: Registry): Promise<string> {
  const name = `${registry.host}/acme/shop`;
  const engine = new Dockerode();
  onTestFinished(async () => {
    const found = await engine.listImages({ digests: true });
    const names = found.flatMap((one) => [...(one.RepoTags ?? []), ...(one.RepoDigests ?? [])]);
    for (const one of names.filter((one) => one.startsWith(`${name}:`) || one.startsWith(`${name}@`)))
      await docker.untag(one);
  });
  await docker.tag('busybox:latest', `${name}:v1`);
  return name;
}

async function localImage(reference: string) {
  const image = await docker.image(reference);
  if (!image) throw new Error(`${reference} is not local`);
  return image;
}

function watcher() {
  const lines: string[] = [];
  return { lines, signal: never, progress: (line: string) => void lines.push(line) };
}
