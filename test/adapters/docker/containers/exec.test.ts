import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { execBody } from '../../../../src/adapters/docker/containers/exec.ts';
import { collector, docker, startContainer } from '../test-engine.ts';

const spec = { env: {}, cwd: '/' };

test('The exec request has the environment as pairs and omits empty settings', () => {
  expect(execBody({ argv: ['sh', '-c', 'true'], env: { A: '1', B: 'x=y' }, cwd: '/w', user: '1000' }, true)).toEqual({
    Cmd: ['sh', '-c', 'true'],
    Env: ['A=1', 'B=x=y'],
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    WorkingDir: '/w',
    User: '1000',
  });
  expect(execBody({ argv: ['true'], env: {}, cwd: '' }, false)).toEqual({
    Cmd: ['true'],
    Env: [],
    AttachStdout: true,
    AttachStderr: true,
  });
});

test('A process’s stdout, stderr and exit code are returned', async () => {
  const container = await startContainer();
  const io = collector();
  const exit = await docker.exec(container, { ...spec, argv: ['sh', '-c', 'echo out; echo err >&2; exit 3'] }, io);
  expect(exit).toEqual({ exit_code: 3, oom_killed: false });
  expect(io.output()).toBe('out\n');
  expect(io.errors()).toBe('err\n');
});

test('Environment variables with quotes, newlines and command substitutions arrive unchanged', async () => {
  const container = await startContainer();
  const value = `"double" 'single' \`tick\` $(touch /pwned) \${HOME} \\ \n\ttab, ünïcödé; rm -rf / && =`;
  const io = collector();
  await docker.exec(
    container,
    { ...spec, argv: ['sh', '-c', 'printf "%s\\n" "$HOSTILE"'], env: { HOSTILE: value } },
    io,
  );
  expect(io.output()).toBe(`${value}\n`);
  expect(await docker.capture(container, ['test', '-e', '/pwned'])).toEqual({ exit_code: 1, output: '' });
});

test('An invalid name or value of an environment variable is an error', async () => {
  const container = await startContainer();
  for (const env of [{ 'A=B': 'x' }, { '': 'x' }, { A: 'x\0y' }])
    await expect(docker.exec(container, { ...spec, argv: ['true'], env }, collector())).rejects.toMatchObject({
      code: 'refused',
    });
});

test('exec resolves 2 s after the process ended, although a child keeps the output open', async () => {
  const container = await startContainer();
  const io = collector();
  const started = performance.now();
  const exit = await docker.exec(container, { ...spec, argv: ['sh', '-c', 'sleep 300 & echo left; exit 4'] }, io);
  const took = performance.now() - started;
  expect(exit.exit_code).toBe(4);
  expect(io.output()).toBe('left\n');
  expect(took).toBeGreaterThan(1_900);
  expect(took).toBeLessThan(4_000);
});

test('A process reads its standard input to the end', async () => {
  const container = await startContainer();
  const io = collector();
  const stdin = new PassThrough();
  const running = docker.exec(
    container,
    { ...spec, argv: ['sh', '-c', 'read line; echo "$line"; wc -c'] },
    { ...io, stdin },
  );
  stdin.write('first\n');
  await expect.poll(io.output).toBe('first\n');
  stdin.end(Buffer.alloc(1_000_000));
  expect(await running).toEqual({ exit_code: 0, oom_killed: false });
  expect(io.output()).toBe('first\n1000000\n');
});

test('A process can end before it has read its standard input', async () => {
  const container = await startContainer();
  const stdin = new PassThrough();
  stdin.write(Buffer.alloc(1_000_000));
  const exit = await docker.exec(container, { ...spec, argv: ['sh', '-c', 'exit 3'] }, { ...collector(), stdin });
  expect(exit.exit_code).toBe(3);
});

test('exec waits for a process that closes its output and continues', async () => {
  const container = await startContainer();
  const script = 'exec >&- 2>&-; sleep 1; touch /late; exit 5';
  const exit = await docker.exec(container, { ...spec, argv: ['sh', '-c', script] }, collector());
  expect(exit.exit_code).toBe(5);
  expect((await docker.capture(container, ['test', '-e', '/late'])).exit_code).toBe(0);
});

test('All of 200,000 lines arrive', async () => {
  const container = await startContainer();
  const io = collector();
  await docker.exec(container, { ...spec, argv: ['seq', '1', '200000'] }, io);
  const lines = io.output().split('\n');
  expect(lines).toHaveLength(200_001);
  expect(lines[199_999]).toBe('200000');
});

test('An abort rejects at once with its reason', async () => {
  const container = await startContainer();
  const abort = new AbortController();
  const reason = { kind: 'cancel', reason: 'by hand' };
  const io = { ...collector(), stdout: () => abort.abort(reason), signal: abort.signal };
  const running = docker.exec(container, { ...spec, argv: ['sh', '-c', 'echo up; sleep 300'] }, io);
  await expect(running).rejects.toBe(reason);
});

test('An out-of-memory kill is distinguished from another kill', async () => {
  const container = await startContainer({ limits: { cpus: null, memory: 32 * 1024 ** 2, pids: null } });
  const hungry = await docker.exec(container, { ...spec, argv: ['tail', '/dev/zero'] }, collector());
  expect(hungry).toEqual({ exit_code: 137, oom_killed: true });
  const killed = await docker.exec(container, { ...spec, argv: ['sh', '-c', 'kill -9 $$'] }, collector());
  expect(killed).toEqual({ exit_code: 137, oom_killed: false });
});

test('An out-of-memory kill is detected every time, also when the Engine reports it late', async () => {
  const limits = { cpus: null, memory: 32 * 1024 ** 2, pids: null };
  const containers = await Promise.all([1, 2, 3, 4].map(() => startContainer({ limits })));
  for (let round = 0; round < 4; round++) {
    const exits = await Promise.all(
      containers.map((id) => docker.exec(id, { ...spec, argv: ['tail', '/dev/zero'] }, collector())),
    );
    expect(exits).toEqual(containers.map(() => ({ exit_code: 137, oom_killed: true })));
  }
});

test('A missing command, an unknown user and a missing container give different results', async () => {
  const container = await startContainer();
  expect(await docker.capture(container, ['nosuch'])).toMatchObject({ exit_code: 126 });
  expect(await docker.capture(container, ['true'], 'no-one')).toMatchObject({
    exit_code: 126,
    output: expect.stringContaining('unable to find user no-one'),
  });
  await docker.remove(container);
  await expect(docker.capture(container, ['true'])).rejects.toMatchObject({ code: 'not_found' });
});
