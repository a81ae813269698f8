import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import Dockerode from 'dockerode';
import { expect, onTestFinished, test } from 'vitest';
import { openDocker } from '../../../../src/adapters/docker/open-docker.ts';
import { buildImage, contextOf, spec, watcher } from '../builder.ts';
import { docker, installation, startContainer, unique } from '../test-engine.ts';

test('A Dockerfile with several stages is built, with progress and output of each step', async () => {
  const tag = `gantry-build/${installation}:${unique()}`;
  const watch = watcher();
  const image = await buildImage(
    {
      context: contextOf(
        `FROM busybox:latest AS compile\nARG WORD\nRUN echo "$WORD" > /made; echo printed; echo warning >&2; echo ${unique()} > /dev/null\n` +
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
  const container = await startContainer({ image: tag });
  expect((await docker.capture(container, ['cat', '/made', '/file.txt'])).output).toBe(
    `quoted "word" $(id)\nfrom the context ${installation}`,
  );
  expect(watch.lines).toContainEqual(expect.stringMatching(/^\[compile 2\/2\] RUN echo /));
  expect(watch.lines).toContainEqual(expect.stringMatching(/^\[compile 2\/2\] done in \d+\.\ds$/));
  expect(watch.text('stdout')).toBe('printed\n');
  expect(watch.text('stderr')).toBe('warning\n');
});

test('Unchanged steps come from the cache, unless the cache is disabled', async () => {
  const recipe = `FROM busybox:latest\nRUN echo ${unique()} > /once; cat /proc/sys/kernel/random/uuid > /random\nCOPY a /\n`;
  const first = await buildImage({ context: contextOf(recipe, { a: '1' }) });
  const watch = watcher();
  const again = await buildImage({ context: contextOf(recipe, { a: '1' }) }, watch);
  expect(again.id).toBe(first.id);
  expect(watch.lines).toContainEqual(expect.stringMatching(/^\[2\/3\] CACHED RUN echo/));
  const uncached = await buildImage({ context: contextOf(recipe, { a: '1' }), no_cache: true });
  expect(uncached.id).not.toBe(first.id);
});

test('A secret is available while a command runs, and not in the image', async () => {
  const secret = `s3cret-${unique()}`;
  const digest = createHash('sha256').update(secret).digest('hex');
  const image = await buildImage({
    context: contextOf(
      `FROM busybox:latest\nRUN sleep 7\nRUN --mount=type=secret,id=token,required sha256sum /run/secrets/token > /sum; echo ${unique()}\n`,
    ),
    secrets: { token: Buffer.from(secret) },
    no_cache: true,
  });
  const container = await startContainer({ image: image.id });
  const { output } = await docker.capture(container, [
    'sh',
    '-c',
    'cat /sum; ls -A /run/secrets; cat /run/secrets/token',
  ]);
  expect(output).toContain(digest);
  expect(output).not.toContain(secret);
  expect(JSON.stringify(await new Dockerode().getImage(image.id).history())).not.toContain(secret);
});

test('A missing secret fails the build with its name', async () => {
  const recipe = `FROM busybox:latest\nRUN --mount=type=secret,id=missing,required echo ${unique()}\n`;
  await expect(buildImage({ context: contextOf(recipe) })).rejects.toMatchObject({
    name: 'BuildError',
    message: expect.stringContaining('missing'),
  });
});

test('A failing command fails the build with its step, exit code and last output', async () => {
  const recipe = `FROM busybox:latest\nRUN seq 1 100; echo "cannot find module ${unique()}" >&2; exit 3\n`;
  const error: unknown = await buildImage({ context: contextOf(recipe) }).catch((error: unknown) => error);
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
])('The Dockerfile %j with %j fails as the user’s fault', async (recipe, changes, words) => {
  await expect(buildImage({ context: contextOf(recipe), ...changes })).rejects.toMatchObject({
    name: 'BuildError',
    message: expect.stringContaining(words),
  });
});

test('An invalid tag is refused, and an unreachable registry is the host’s fault', async () => {
  const spec = { context: contextOf('FROM busybox:latest\n'), tags: ['No Name'] };
  await expect(buildImage(spec)).rejects.toMatchObject({ code: 'refused' });
  await expect(buildImage({ context: contextOf('FROM 127.0.0.1:1/no/such:image\n') })).rejects.toMatchObject({
    code: 'failed',
  });
});

test('An Engine that builds without BuildKit is refused', async () => {
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
    message: expect.stringContaining('does not use BuildKit'),
  });
});
