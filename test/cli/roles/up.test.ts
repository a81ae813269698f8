import { once } from 'node:events';
import { readFileSync, statSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, onTestFinished, test, vi } from 'vitest';
import { isAlive } from '../../../src/cli/supervision/restarts.ts';
import { type Installation, makeInstallation } from '../installation.ts';
import { findRoleProcesses } from '../role-processes.ts';

async function install(settings?: Record<string, string>): Promise<Installation> {
  const installation = await makeInstallation(settings);
  onTestFinished(() => installation.end());
  return installation;
}

test('Without configuration, up creates key, token and Redis, runs a job, and drains on SIGTERM', async () => {
  const { gantry, up, dir } = await install();
  const child = await up();
  for (const [file, mode] of [
    ['server', 0o700],
    ['server/key', 0o600],
    ['server/token', 0o600],
  ] as const)
    expect(statSync(join(dir, file)).mode & 0o777).toBe(mode);
  expect(findRoleProcesses(child.pid ?? 0).map(({ title }) => title)).toEqual(['gantry server', 'gantry worker']);

  const job = await gantry('jobs', 'start', 'busybox', '--run', 'echo hello', '--wait');
  expect(job).toMatchObject({ code: 0, stdout: 'hello\n' });
  const failed = await gantry('jobs', 'start', 'busybox', '--wait', '--', 'sh', '-c', 'exit 7');
  expect(failed.code).toBe(1);
  const { items } = JSON.parse((await gantry('runs', 'list', '--json')).stdout) as { items: { status: string }[] };
  expect(items.map(({ status }) => status)).toEqual(['failed', 'succeeded']);

  const second = await gantry('up');
  expect(second).toMatchObject({ code: 1 });
  expect(second.stderr).toContain(`is already running as process ${child.pid}`);

  const roles = findRoleProcesses(child.pid ?? 0);
  child.kill('SIGTERM');
  await once(child, 'exit');
  expect(child.exitCode).toBe(0);
  expect(roles.filter(({ pid }) => isAlive(pid))).toEqual([]);
  const unreachable = await gantry('runs', 'list');
  expect(unreachable.code).toBe(5);
  expect(unreachable.stderr).toContain('Start the server with: gantry up');
});

test('SIGTERM waits for a running job; a second SIGTERM does not', async () => {
  const { gantry, up } = await install();
  const first = await up();
  const start = async (script: string) =>
    JSON.parse((await gantry('jobs', 'start', 'busybox', '--json', '--run', script)).stdout) as { id: string };
  const show = async (id: string) =>
    JSON.parse((await gantry('jobs', 'show', id, '--json')).stdout) as { status: string; attempt: number };
  const running = (id: string) =>
    vi.waitFor(async () => expect(await show(id)).toMatchObject({ status: 'running' }), { timeout: 20_000 });

  const short = await start('sleep 2');
  await running(short.id);
  first.kill('SIGTERM');
  await once(first, 'exit');

  const second = await up();
  expect(await show(short.id)).toMatchObject({ status: 'succeeded', attempt: 1 });
  const long = await start('sleep 60');
  await running(long.id);
  const stopped = Date.now();
  second.kill('SIGTERM');
  // Two pending signals would be delivered as one.
  await new Promise((resolve) =>
    second.stderr?.on('data', (chunk) => String(chunk).includes('Stopping') && resolve(null)),
  );
  second.kill('SIGTERM');
  await once(second, 'exit');
  expect(Date.now() - stopped).toBeLessThan(5000);
});

test('kill -9 of up ends its roles immediately, and the next up adopts Redis', async () => {
  const { up, dir } = await install();
  const first = await up();
  const roles = findRoleProcesses(first.pid ?? 0);
  const redis = readFileSync(join(dir, 'redis', 'redis.pid'), 'utf8');
  first.kill('SIGKILL');
  await vi.waitFor(() => expect(roles.filter(({ pid }) => isAlive(pid))).toEqual([]), { timeout: 2000 });
  await up();
  expect(readFileSync(join(dir, 'redis', 'redis.pid'), 'utf8')).toBe(redis);
});

test('A log is followed across kill -9 of the server without losing or repeating a line', async () => {
  const { gantry, start, up } = await install();
  const child = await up();
  const script = 'i=0; while [ $i -lt 300 ]; do i=$((i + 1)); echo $i; sleep 0.02; done';
  const started = await gantry('jobs', 'start', 'busybox', '--json', '--run', script);
  const { id } = JSON.parse(started.stdout) as { id: string };
  const follower = start('logs', '-f', id);
  const lines: number[] = [];
  for await (const line of createInterface({ input: follower.stdout ?? process.stdin })) {
    if (lines.push(Number(line)) === 50)
      process.kill(
        findRoleProcesses(child.pid ?? 0).find(({ title }) => title === 'gantry server')?.pid ?? 0,
        'SIGKILL',
      );
  }
  expect(lines).toEqual(Array.from({ length: 300 }, (_, index) => index + 1));
});

test('A killed worker is restarted, and its job is retried', async () => {
  const { gantry, start, up } = await install();
  const child = await up();
  const job = start('jobs', 'start', 'busybox', '--json', '--wait', '--run', 'sleep 3');
  const [worker] = findRoleProcesses(child.pid ?? 0).filter(({ title }) => title === 'gantry worker');
  const running = async () => (await gantry('runs', 'list', '--json', '--status', 'running')).stdout.includes('"run_');
  await vi.waitFor(async () => expect(await running()).toBe(true), { timeout: 20_000, interval: 200 });
  process.kill(worker?.pid ?? 0, 'SIGKILL');
  let output = '';
  job.stdout?.on('data', (chunk) => {
    output += String(chunk);
  });
  await once(job, 'close');
  expect(JSON.parse(output)).toMatchObject({ status: 'succeeded', attempt: 2 });
});

test('A port that is in use is an error that names the variable to change', async () => {
  const blocker = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void blocker.close());
  await once(blocker, 'listening');
  const { port } = blocker.address() as AddressInfo;
  const { gantry } = await install();
  const { code, stderr } = await gantry('up', '--port', String(port));
  expect(code).toBe(1);
  expect(stderr).toContain(
    `127.0.0.1:${port} is already in use: stop the process that listens there, or set GANTRY_PORT`,
  );
});

test('An unreachable Redis is an error that names its address', async () => {
  const { gantry } = await install({ GANTRY_REDIS_URL: 'redis://127.0.0.1:1' });
  const { code, stderr } = await gantry('up');
  expect(code).toBe(5);
  expect(stderr).toContain('cannot reach Redis at redis://127.0.0.1:1');
});

test('A server that cannot reach Redis reports that it is not ready, and ends on SIGTERM', async () => {
  const { start, env } = await install({ GANTRY_REDIS_URL: 'redis://127.0.0.1:1' });
  const server = start('server', '--json');
  const url = `http://127.0.0.1:${env.GANTRY_PORT}`;
  await vi.waitFor(async () => expect((await fetch(`${url}/readyz`)).status).toBe(503), {
    timeout: 20_000,
    interval: 100,
  });
  server.kill('SIGTERM');
  await once(server, 'exit');
  expect(server.exitCode).toBe(0);
});
