import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { readFile, readdir } from 'node:fs/promises';
import { PassThrough, pipeline } from 'node:stream';
import Dockerode from 'dockerode';
import { pack } from 'tar-stream';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { BuildSpec, Image } from '../../../src/adapters/docker/docker.ts';
import { openDocker } from '../../../src/adapters/docker/open-docker.ts';
import { docker, idle, installation, never, unique } from './engine.ts';

test('A recipe with several stages becomes an image, and says which part runs and what it prints', async () => {
  const tag = `gantry-build/${installation}:${unique()}`;
  const watch = watcher();
  const image = await built(
    {
      context: contextOf(
        `FROM busybox:latest AS compile\nARG WORD\nRUN echo "$WORD" > /made; echo printed; echo complained >&2; echo ${unique()} > /dev/null\n` +
          'FROM busybox:latest AS web\nCOPY --from=compile /made /made\nCOPY file.txt /\nUSER 1000\nFROM web AS last\nRUN exit 9\n',
        { 'file.txt': `from the context ${installation}` },
      ),
      tags: [tag],
      labels: { 'org.opencontainers.image.revision': 'abc' },
      build_args: { WORD: `quoted "word" $(id)` },
      target: 'web',
    },
    watch,
  );
  expect(image).toMatchObject({ tags: [tag], user: '1000' });
  expect(image.labels).toMatchObject({ 'org.opencontainers.image.revision': 'abc' });
  const container = await idle({ image: tag });
  expect((await docker.read(container, ['cat', '/made', '/file.txt'])).output).toBe(
    `quoted "word" $(id)\nfrom the context ${installation}`,
  );
  expect(watch.lines).toContainEqual(expect.stringMatching(/^\[compile 2\/2\] RUN echo /));
  expect(watch.lines).toContainEqual(expect.stringMatching(/^\[compile 2\/2\] done in \d+\.\ds$/));
  expect(watch.text('stdout')).toBe('printed\n');
  expect(watch.text('stderr')).toBe('complained\n');
});

test('What has not changed is not built again, unless that is asked for', async () => {
  const recipe = `FROM busybox:latest\nRUN echo ${unique()} > /once; cat /proc/sys/kernel/random/uuid > /random\nCOPY a /\n`;
  const first = await built({ context: contextOf(recipe, { a: '1' }) });
  const watch = watcher();
  const again = await built({ context: contextOf(recipe, { a: '1' }) }, watch);
  expect(again.id).toBe(first.id);
  expect(watch.lines).toContainEqual(expect.stringMatching(/^\[2\/3\] CACHED RUN echo/));
  const anew = await built({ context: contextOf(recipe, { a: '1' }), no_cache: true });
  expect(anew.id).not.toBe(first.id);
});

test('A secret is there while a command runs, however long that takes, and not in the image', async () => {
  const secret = `s3cret-${unique()}`;
  const digest = createHash('sha256').update(secret).digest('hex');
  const image = await built({
    context: contextOf(
      `FROM busybox:latest\nRUN sleep 7\nRUN --mount=type=secret,id=token,required sha256sum /run/secrets/token > /sum; echo ${unique()}\n`,
    ),
    secrets: { token: Buffer.from(secret) },
    no_cache: true,
  });
  const container = await idle({ image: image.id });
  const { output } = await docker.read(container, ['sh', '-c', 'cat /sum; ls -A /run/secrets; cat /run/secrets/token']);
  expect(output).toContain(digest);
  expect(output).not.toContain(secret);
  expect(JSON.stringify(await engine.getImage(image.id).history())).not.toContain(secret);
});

test('A secret that was not given fails the build by its name', async () => {
  const recipe = `FROM busybox:latest\nRUN --mount=type=secret,id=missing,required echo ${unique()}\n`;
  await expect(built({ context: contextOf(recipe) })).rejects.toMatchObject({
    name: 'BuildError',
    message: expect.stringContaining('missing'),
  });
});

test('A failing command fails the build with its step, its exit code and the last that it printed', async () => {
  const recipe = `FROM busybox:latest\nRUN seq 1 100; echo "cannot find module ${unique()}" >&2; exit 3\n`;
  const error: unknown = await built({ context: contextOf(recipe) }).catch((error: unknown) => error);
  expect(error).toMatchObject({ name: 'BuildError' });
  const message = String(error);
  expect(message).toMatch(/\[2\/2\] RUN seq 1 100; .*: exit code: 3\n/);
  expect(message).toMatch(/\n100\ncannot find module \w+$/);
  expect(message).not.toContain('\n50\n');
});

test.each([
  ['FROM busybox:latest\nFOO bar\n', {}, 'unknown instruction: FOO'],
  ['', {}, 'empty'],
  ['FROM busybox:latest\n', { dockerfile: 'deploy/Dockerfile' }, 'no such file or directory'],
  ['FROM busybox:latest\n', { target: 'nowhere' }, 'nowhere could not be found'],
  ['FROM busybox:latest\nCOPY missing /\n', {}, 'missing'],
])('The recipe %j with %j is the user’s to mend', async (recipe, changes, words) => {
  await expect(built({ context: contextOf(recipe), ...changes })).rejects.toMatchObject({
    name: 'BuildError',
    message: expect.stringContaining(words),
  });
});

test('A tag that is no name is refused, and a registry that is not reached is the host’s trouble', async () => {
  const spec = { context: contextOf('FROM busybox:latest\n'), tags: ['No Name'] };
  await expect(built(spec)).rejects.toMatchObject({ code: 'refused' });
  await expect(built({ context: contextOf('FROM 127.0.0.1:1/no/such:image\n') })).rejects.toMatchObject({
    code: 'failed',
  });
});

test('Aborting ends the command on the daemon before the build says so', async () => {
  const mark = `9${parseInt(unique(), 16)}`;
  const abort = new AbortController();
  const watch = watcher(abort.signal);
  const building = built({ context: contextOf(`FROM busybox:latest\nRUN sleep ${mark}\n`) }, watch);
  building.catch(() => {});
  await vi.waitFor(async () => expect(await processes()).toContain(`sleep ${mark}`), 20_000);
  const reason = { kind: 'cancel', reason: 'by hand' };
  const asked = performance.now();
  abort.abort(reason);
  await expect(building).rejects.toBe(reason);
  expect(performance.now() - asked).toBeLessThan(4_000);
  expect(await processes()).not.toContain(`sleep ${mark}`);
});

test('Aborting while the context is still on its way ends the build', async () => {
  const abort = new AbortController();
  const context = new PassThrough();
  context.write(Buffer.alloc(1024 ** 2, 'x'));
  const building = built({ context }, watcher(abort.signal));
  building.catch(() => {});
  await once(context, 'drain');
  abort.abort('enough');
  await expect(building).rejects.toBe('enough');
  expect(context.destroyed).toBe(true);
});

test.each(['before', 'while'])('A context that breaks %s it is sent fails the build and says why', async (when) => {
  const context = new PassThrough();
  const fail = () => context.destroy(new Error('the disk is gone'));
  if (when === 'before') fail();
  else context.once('resume', () => setImmediate(fail));
  await expect(built({ context })).rejects.toMatchObject({
    code: 'failed',
    message: 'Cannot read the build context: the disk is gone',
  });
});

test('A context that just stops is not taken for the whole', async () => {
  const context = new PassThrough();
  context.write(Buffer.alloc(512));
  context.once('resume', () => context.destroy());
  await expect(built({ context })).rejects.toMatchObject({
    code: 'failed',
    message: expect.stringContaining('build context'),
  });
});

test('An Engine that builds without BuildKit is not used', async () => {
  const classic = createServer((request, response) => {
    if (request.url === '/version')
      response.end(JSON.stringify({ Version: '20.10', ApiVersion: '1.41', MinAPIVersion: '1.12' }));
    else response.end('{"stream":"Step 1/2 : FROM busybox:latest\\n"}\n');
  });
  classic.on('upgrade', (_request, socket) => {
    socket.on('error', () => {});
    socket.write('HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n');
    classicSockets.push(socket);
  });
  const classicSockets: { destroy(): void }[] = [];
  classic.listen(0, '127.0.0.1');
  await once(classic, 'listening');
  onTestFinished(() => {
    for (const socket of classicSockets) socket.destroy();
    classic.closeAllConnections();
    classic.close();
  });
  const address = classic.address();
  const port = typeof address === 'object' ? address?.port : 0;
  const old = openDocker({ host: `tcp://127.0.0.1:${port}`, installation });
  await expect(old.build({ ...spec, context: contextOf('FROM busybox:latest\n') }, watcher())).rejects.toMatchObject({
    code: 'failed',
    message: expect.stringContaining('without BuildKit'),
  });
});

const engine = new Dockerode();

const spec: BuildSpec = {
  context: new PassThrough(),
  dockerfile: 'Dockerfile',
  tags: [],
  labels: {},
  build_args: {},
  target: null,
  secrets: {},
  no_cache: false,
};

/** An image that goes, by its ID, when the test is over. */
async function built(changes: Partial<BuildSpec>, watch = watcher()): Promise<Image> {
  const image = await docker.build({ ...spec, ...changes }, watch);
  onTestFinished(async () => {
    for (const { id } of await docker.containers({})) await docker.remove(id);
    if (await docker.image(image.id)) await engine.getImage(image.id).remove({ force: true });
  });
  return image;
}

function watcher(signal: AbortSignal = never) {
  const lines: string[] = [];
  const said: { stdout: Buffer[]; stderr: Buffer[] } = { stdout: [], stderr: [] };
  return {
    signal,
    lines,
    progress: (line: string) => void lines.push(line),
    output: (stream: 'stdout' | 'stderr', chunk: Buffer) => void said[stream].push(chunk),
    text: (stream: 'stdout' | 'stderr') => Buffer.concat(said[stream]).toString(),
  };
}

function contextOf(recipe: string, files: Record<string, string> = {}): PassThrough {
  const tar = pack();
  for (const [name, content] of Object.entries({ ...files, Dockerfile: recipe })) tar.entry({ name }, content);
  tar.finalize();
  const context = new PassThrough();
  pipeline(tar, context, () => {});
  return context;
}

/** Command lines of this host, where the Engine's builds run too. */
async function processes(): Promise<string[]> {
  const ids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(ids.map((id) => readFile(`/proc/${id}/cmdline`, 'utf8').catch(() => '')));
  return lines.map((line) => line.split('\0').join(' ').trim());
}
