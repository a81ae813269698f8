import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, onTestFinished, test, vi } from 'vitest';
import { isAlive } from '../../../src/cli/supervision/restarts.ts';
import { supervise } from '../../../src/cli/supervision/supervisor.ts';

const source = (path: string) => JSON.stringify(join(import.meta.dirname, '../../../src/cli', path));

/** A role that says that it is ready, and drains at once unless it is told to be stubborn. */
const role = `
  import { becomeRole, reportReady } from ${source('supervision/role-process.ts')};
  becomeRole('worker');
  process.on('SIGTERM', () => process.env.STUBBORN || process.exit(0));
  reportReady(null);
  setInterval(() => {}, 1000);
`;

function roleFile(text: string): string {
  const dir = mkdtempSync(join(tmpdir(), 'role-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  const file = join(dir, 'role.mjs');
  writeFileSync(file, text);
  return file;
}

function start(text: string, { env = {}, grace = 5000 }: { env?: NodeJS.ProcessEnv; grace?: number } = {}) {
  const said: string[] = [];
  const spec = { name: 'worker 1', argv: [roleFile(text)], env: { ...process.env, ...env }, grace };
  const supervised = supervise(spec, (line) => said.push(line));
  onTestFinished(() => supervised.force());
  return { supervised, said };
}

test('A role that is killed is started again', async () => {
  const { supervised, said } = start(role);
  await supervised.ready;
  const first = supervised.pid();
  process.kill(first ?? 0, 'SIGKILL');
  await vi.waitFor(() => expect([null, first]).not.toContain(supervised.pid()), { timeout: 5000 });
  expect(said).toEqual(['The worker 1 ended (SIGKILL); it is started again in 1 s.']);
  await supervised.stop();
});

test('Asked to stop, it drains and stays away', async () => {
  const { supervised, said } = start(role);
  await supervised.ready;
  const pid = supervised.pid() ?? 0;
  await supervised.stop();
  expect(isAlive(pid)).toBe(false);
  expect(supervised.pid()).toBeNull();
  expect(said).toEqual([]);
});

test('One that does not drain in time is killed', async () => {
  const { supervised, said } = start(role, { env: { STUBBORN: '1' }, grace: 100 });
  await supervised.ready;
  await supervised.stop();
  expect(said).toEqual(['The worker 1 does not end; it is killed.']);
});

test('One whose configuration does not hold is not started again', async () => {
  const { supervised } = start('process.exit(2)');
  await expect(supervised.ready).rejects.toThrow('the worker 1 does not start');
});

test('kill -9 of the supervisor ends its roles at once', async () => {
  const supervisor = `
    import { supervise } from ${source('supervision/supervisor.ts')};
    const role = supervise({ name: 'worker', argv: [process.argv[2]], env: process.env, grace: 1000 }, () => {});
    await role.ready;
    console.log(role.pid());
    setInterval(() => {}, 1000);
  `;
  const child = spawn(process.execPath, [roleFile(supervisor), roleFile(role)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  const pid = Number(line);
  expect(isAlive(pid)).toBe(true);
  child.kill('SIGKILL');
  await vi.waitFor(() => expect(isAlive(pid)).toBe(false), { timeout: 2000 });
});
