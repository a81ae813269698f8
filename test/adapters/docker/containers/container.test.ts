import Dockerode from 'dockerode';
import { expect, onTestFinished, test, vi } from 'vitest';
import { toContainer } from '../../../../src/adapters/docker/containers/container-info.ts';
import { openDocker } from '../../../../src/adapters/docker/open-docker.ts';
import { containerSpec, createContainer, docker, installation, startContainer, unique } from '../test-engine.ts';

test('The Engine’s description of a container is reduced to the used parts', () => {
  const answer = {
    Id: 'c1',
    Name: '/gantry-att_1',
    Image: 'sha256:1',
    Config: { Labels: null },
    State: { Status: 'exited', ExitCode: 137, OOMKilled: true },
    NetworkSettings: {
      Networks: { gantry: { IPAddress: '172.20.0.2' }, other: { IPAddress: '' } },
      Ports: { '80/tcp': [{ HostPort: '8080' }, { HostPort: '8080' }], '443/tcp': null },
    },
  };
  expect(toContainer(answer)).toEqual({
    id: 'c1',
    name: 'gantry-att_1',
    image_id: 'sha256:1',
    labels: {},
    state: 'exited',
    exit_code: 137,
    oom_killed: true,
    addresses: { gantry: '172.20.0.2' },
    published: [{ container_port: 80, host_port: 8080 }],
  });
});

test('A container runs with its limits, few capabilities and no way to gain privileges', async () => {
  const id = await startContainer({ limits: { cpus: 0.5, memory: 64 * 1024 ** 2, pids: 50 } });
  const { output } = await docker.capture(id, ['grep', '-E', 'CapBnd|NoNewPrivs', '/proc/1/status']);
  const bounding = BigInt(`0x${/CapBnd:\t(\w+)/.exec(output)?.[1]}`);
  for (const dropped of [CAP_NET_RAW, CAP_MKNOD, CAP_AUDIT_WRITE]) expect(bounding & (1n << dropped)).toBe(0n);
  expect(bounding & (1n << CAP_CHOWN)).not.toBe(0n);
  expect(output).toContain('NoNewPrivs:\t1');
  expect(await docker.inspect(id)).toMatchObject({ state: 'running', labels: { 'gantry.installation': installation } });
});

test('containers lists this installation’s containers by label, also stopped ones', async () => {
  const labels = { 'gantry.job': `job_${unique()}`, 'gantry.attempt_number': '1' };
  const running = await startContainer({ labels });
  const waiting = await createContainer({ labels });
  await startContainer({ labels: { 'gantry.job': 'another' } });
  const found = await docker.containers(labels);
  expect(Object.fromEntries(found.map(({ id, state }) => [id, state]))).toEqual({
    [running]: 'running',
    [waiting]: 'created',
  });
  const other = openDocker({ host: null, installation: `${installation}-other` });
  expect(await other.containers(labels)).toEqual([]);
  await expect(other.remove(running)).rejects.toMatchObject({ code: 'refused' });
});

test('remove removes a running container, also concurrently, and a missing one is not an error', async () => {
  const id = await startContainer();
  await Promise.all([docker.remove(id), docker.remove(id), docker.remove(id)]);
  expect(await docker.inspect(id)).toBeNull();
  await docker.remove(id);
});

test('start and stop have no effect the second time', async () => {
  const id = await createContainer({
    command: ['sh', '-c', 'trap "exit 7" TERM; echo ready; while :; do sleep 0.1; done'],
    init: false,
    log_bytes: 1e6,
  });
  await docker.start(id);
  await docker.start(id);
  await vi.waitFor(async () => expect(await docker.logs(id, 5)).toEqual(['ready']));
  await docker.stop(id, 10_000);
  expect(await docker.inspect(id)).toMatchObject({ state: 'exited', exit_code: 7 });
  await docker.stop(id, 10_000);
});

test('stop kills a container that ignores SIGTERM after the grace period', async () => {
  const id = await startContainer({ command: ['sh', '-c', 'trap "" TERM; while :; do sleep 0.1; done'] });
  await docker.stop(id, 1_000);
  expect(await docker.inspect(id)).toMatchObject({ state: 'exited', exit_code: 137 });
});

test('whilePaused pauses the container during the work, and unpauses it also after an error', async () => {
  const id = await startContainer();
  expect(await docker.whilePaused(id, async () => (await docker.inspect(id))?.state)).toBe('paused');
  expect((await docker.inspect(id))?.state).toBe('running');
  const failing = docker.whilePaused(id, () => Promise.reject(new Error('no')));
  await expect(failing).rejects.toThrow('no');
  expect((await docker.inspect(id))?.state).toBe('running');
});

test('whilePaused runs the work also on a container that is stopped or paused already', async () => {
  expect(await docker.whilePaused(await createContainer(), () => Promise.resolve('done'))).toBe('done');
  const id = await startContainer();
  const inner = docker.whilePaused(id, () => docker.whilePaused(id, () => Promise.resolve('done')));
  expect(await inner).toBe('done');
  expect((await docker.inspect(id))?.state).toBe('running');
});

test('A taken name, a missing image and an invalid name give different errors', async () => {
  const name = `gantry-${installation}-${unique()}`;
  await createContainer({ name });
  await expect(docker.create({ ...containerSpec, name })).rejects.toMatchObject({ code: 'conflict' });
  await expect(docker.create({ ...containerSpec, image: 'no/such:image' })).rejects.toMatchObject({
    code: 'image_missing',
  });
  await expect(docker.create({ ...containerSpec, image: '../containers/x' })).rejects.toMatchObject({
    code: 'refused',
  });
});

test('The restart policy can be set later', async () => {
  const id = await startContainer();
  await docker.setRestartPolicy(id, 'unless-stopped');
  await docker.setRestartPolicy(id, 'no');
  await expect(docker.setRestartPolicy('nosuch', 'no')).rejects.toMatchObject({ code: 'not_found' });
});

test('A volume is created once and keeps its content', async () => {
  const name = `gantry-${installation}-${unique()}`;
  await Promise.all([docker.ensureVolume(name), docker.ensureVolume(name)]);
  onTestFinished(() => removeVolume(name));
  const mounts = [{ source: name, target: '/data', kind: 'volume' as const, read_only: false }];
  const first = await startContainer({ mounts });
  await docker.capture(first, ['sh', '-c', 'echo kept > /data/file']);
  await docker.remove(first);
  expect(await docker.capture(await startContainer({ mounts }), ['cat', '/data/file'])).toEqual({
    exit_code: 0,
    output: 'kept\n',
  });
});

const CAP_CHOWN = 0n;
const CAP_NET_RAW = 13n;
const CAP_MKNOD = 27n;
const CAP_AUDIT_WRITE = 29n;

async function removeVolume(name: string): Promise<void> {
  for (const container of await docker.containers({})) await docker.remove(container.id);
  await new Dockerode().getVolume(name).remove();
}
