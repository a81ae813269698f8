import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openDocker } from '../../../../src/adapters/docker/open-docker.ts';
import { contextOf, spec } from '../builder.ts';
import { idle, installation, made, never, unique } from '../test-engine.ts';

const away = { code: 'unreachable', message: expect.stringMatching(/Docker Engine/) };

test('When the Engine goes away during a step, the step fails instead of hanging', async () => {
  const { docker, cut } = await line();
  const container = await idle();
  const step = { argv: ['sh', '-c', 'echo up; sleep 60'], env: {}, cwd: '/' };
  await expect(docker.exec(container, step, { stdout: cut, stderr: cut })).rejects.toMatchObject(away);
});

test('When the Engine goes away while a container runs, waiting for it fails instead of hanging', async () => {
  const { docker, cut } = await line();
  const container = await made({ command: ['sh', '-c', 'echo up; sleep 60'] });
  await expect(docker.run(container, { stdout: cut, stderr: cut })).rejects.toMatchObject(away);
});

test('When the Engine goes away during a build, the build fails instead of hanging', async () => {
  const { docker, cut } = await line();
  const context = contextOf(`FROM busybox:latest\nRUN echo ${unique()}; sleep 60\n`);
  const watch = { progress: () => {}, output: cut, signal: never };
  await expect(docker.build({ ...spec, context }, watch)).rejects.toMatchObject(away);
});

test('After an outage the Engine is reachable again', async () => {
  const { docker, cut, mend } = await line();
  await docker.version();
  cut();
  await expect(docker.image('busybox:latest')).rejects.toMatchObject(away);
  await mend();
  expect(await docker.image('busybox:latest')).not.toBeNull();
});

/** A way to the Engine that can be cut, as if it had gone away. */
async function line() {
  const folder = await mkdtemp(join(tmpdir(), 'gantry-line-'));
  const path = join(folder, 'docker.sock');
  const sockets = new Set<Socket>();
  let whole = true;
  const server = createServer((near) => {
    // Who had connected but was not accepted yet when the line was cut is cut off too.
    if (!whole) {
      near.destroy();
      return;
    }
    const far = connect('/var/run/docker.sock');
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => [near, far].forEach((end) => end.destroy()));
    }
    near.pipe(far).pipe(near);
  });
  const mend = async () => {
    whole = true;
    server.listen(path);
    await once(server, 'listening');
  };
  const cut = () => {
    whole = false;
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  await mend();
  onTestFinished(async () => {
    cut();
    await rm(folder, { recursive: true });
  });
  return { docker: openDocker({ host: `unix://${path}`, installation }), cut, mend };
}
