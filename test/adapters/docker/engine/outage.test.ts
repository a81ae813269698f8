import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openDocker } from '../../../../src/adapters/docker/open-docker.ts';
import { contextOf, spec } from '../builder.ts';
import { createContainer, installation, never, startContainer, unique } from '../test-engine.ts';

const unreachable = { code: 'unreachable', message: expect.stringMatching(/Docker Engine/) };

test('When the connection to the Engine breaks during a step, the step fails instead of hanging', async () => {
  const { docker, cut } = await openForwarder();
  const container = await startContainer();
  const step = { argv: ['sh', '-c', 'echo up; sleep 60'], env: {}, cwd: '/' };
  await expect(docker.exec(container, step, { stdout: cut, stderr: cut })).rejects.toMatchObject(unreachable);
});

test('When the connection to the Engine breaks while a container runs, waiting for it fails instead of hanging', async () => {
  const { docker, cut } = await openForwarder();
  const container = await createContainer({ command: ['sh', '-c', 'echo up; sleep 60'] });
  await expect(docker.run(container, { stdout: cut, stderr: cut })).rejects.toMatchObject(unreachable);
});

test('When the connection to the Engine breaks during a build, the build fails instead of hanging', async () => {
  const { docker, cut } = await openForwarder();
  const context = contextOf(`FROM busybox:latest\nRUN echo ${unique()}; sleep 60\n`);
  const watch = { progress: () => {}, output: cut, signal: never };
  await expect(docker.build({ ...spec, context }, watch)).rejects.toMatchObject(unreachable);
});

test('After an outage the adapter reaches the Engine again', async () => {
  const { docker, cut, restore } = await openForwarder();
  await docker.version();
  cut();
  await expect(docker.image('busybox:latest')).rejects.toMatchObject(unreachable);
  await restore();
  expect(await docker.image('busybox:latest')).not.toBeNull();
});

/** A socket that forwards to the Engine. `cut` closes it with all connections, `restore` opens it again. */
async function openForwarder() {
  const folder = await mkdtemp(join(tmpdir(), 'gantry-forwarder-'));
  const path = join(folder, 'docker.sock');
  const sockets = new Set<Socket>();
  let isOpen = true;
  const server = createServer((client) => {
    // A connection may be accepted only after the cut.
    if (!isOpen) {
      client.destroy();
      return;
    }
    const engine = connect('/var/run/docker.sock');
    for (const socket of [client, engine]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => [client, engine].forEach((end) => end.destroy()));
    }
    client.pipe(engine).pipe(client);
  });
  const restore = async () => {
    isOpen = true;
    server.listen(path);
    await once(server, 'listening');
  };
  const cut = () => {
    isOpen = false;
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  await restore();
  onTestFinished(async () => {
    cut();
    await rm(folder, { recursive: true });
  });
  return { docker: openDocker({ host: `unix://${path}`, installation }), cut, restore };
}
