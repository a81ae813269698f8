import { expect, test, vi } from 'vitest';
import { lastLines } from '../../../../src/adapters/docker/containers/process.ts';
import { collector, createContainer, docker, never, startContainer } from '../test-engine.ts';

test('The output and exit code of a process that ends at once are complete', async () => {
  const id = await createContainer({ command: ['sh', '-c', 'echo out; echo err >&2; exit 3'], init: false });
  const io = collector();
  expect(await docker.run(id, io)).toEqual({ exit_code: 3, oom_killed: false });
  expect([io.output(), io.errors()]).toEqual(['out\n', 'err\n']);
});

test('All of 200,000 lines of a container’s own process arrive', async () => {
  const io = collector();
  await docker.run(await createContainer({ command: ['seq', '1', '200000'] }), io);
  expect(io.output().split('\n')).toHaveLength(200_001);
});

test('Aborting run rejects with its reason and leaves the container running', async () => {
  const id = await createContainer({ command: ['sh', '-c', 'echo up; sleep 300'] });
  const abort = new AbortController();
  const io = { ...collector(), stdout: () => abort.abort('by hand'), signal: abort.signal };
  await expect(docker.run(id, io)).rejects.toBe('by hand');
  expect((await docker.inspect(id))?.state).toBe('running');
});

test('An out-of-memory kill of a container is reported, with and without an init', async () => {
  for (const init of [true, false]) {
    const id = await createContainer({
      command: ['tail', '/dev/zero'],
      init,
      limits: { cpus: null, memory: 32 * 1024 ** 2, pids: null },
    });
    expect(await docker.run(id, collector())).toEqual({ exit_code: 137, oom_killed: true });
    expect(await docker.wait(id, never)).toEqual({ exit_code: 137, oom_killed: true });
  }
});

test('signal reaches a container’s own process; a container that has ended or was removed is not an error', async () => {
  const id = await createContainer({
    command: ['sh', '-c', 'trap "exit 7" TERM; echo up; while :; do sleep 0.05; done'],
  });
  const io = { ...collector(), stdout: () => void docker.signal(id, 'TERM') };
  expect((await docker.run(id, io)).exit_code).toBe(7);
  await docker.signal(id, 'TERM');
  const killed = await startContainer();
  await docker.signal(killed, 'KILL');
  expect((await docker.wait(killed, never)).exit_code).toBe(137);
  await docker.remove(killed);
  await docker.signal(killed, 'KILL');
});

test('run fails for a command that is not in the image', async () => {
  const id = await createContainer({ command: ['nosuch'], init: false });
  await expect(docker.run(id, collector())).rejects.toMatchObject({
    code: 'refused',
    message: expect.stringContaining('"nosuch": executable file not found'),
  });
});

test('wait resolves at the end of the container, and rejects when it is aborted', async () => {
  const id = await startContainer({ command: ['sh', '-c', 'until [ -e /end ]; do sleep 0.05; done; exit 6'] });
  const abort = new AbortController();
  const aborted = docker.wait(id, abort.signal);
  const ended = docker.wait(id, never);
  abort.abort('enough');
  await expect(aborted).rejects.toBe('enough');
  await docker.capture(id, ['touch', '/end']);
  expect(await ended).toEqual({ exit_code: 6, oom_killed: false });
  expect(await docker.wait(id, never)).toEqual({ exit_code: 6, oom_killed: false });
});

test('logs returns the last lines of both streams, also after the end', async () => {
  const script = 'for i in 1 2 3 4; do echo out $i; echo err $i >&2; done; printf unfinished';
  const id = await startContainer({ command: ['sh', '-c', script], log_bytes: 1_000_000 });
  await docker.wait(id, never);
  await vi.waitFor(async () => expect(await docker.logs(id, 100)).toHaveLength(9));
  expect(await docker.logs(id, 3)).toHaveLength(3);
  expect((await docker.logs(id, 100)).filter((line) => line.startsWith('err'))).toEqual([
    'err 1',
    'err 2',
    'err 3',
    'err 4',
  ]);
});

test('logs is empty for a container without a log', async () => {
  expect(await docker.logs(await startContainer(), 10)).toEqual([]);
});

test('Lines are joined across frames, separately for each stream', () => {
  const raw = Buffer.concat([frame(1, 'one '), frame(2, 'other\n'), frame(1, 'line\nrest')]);
  expect(lastLines(raw, 10)).toEqual(['other', 'one line', 'rest']);
  expect(lastLines(raw, 1)).toEqual(['rest']);
});

function frame(stream: number, text: string): Buffer {
  return Buffer.concat([Buffer.from([stream, 0, 0, 0, 0, 0, 0, text.length]), Buffer.from(text)]);
}
