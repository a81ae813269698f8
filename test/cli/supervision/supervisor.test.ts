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

/** A role that reports ready, and exits on SIGTERM unless STUBBORN is set. */
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
  const notes: string[] = [];
  const spec = { name: 'worker 1', argv: [roleFile(text)], env: { ...process.env, ...env }, grace };
  const supervised = supervise(spec, (line) => notes.push(line));
  onTestFinished(() => supervised.force());
  return { supervised, notes };
}

test('A killed role is restarted', async () => {
  const { supervised, notes } = start(role);
  await supervised.ready;
  const first = supervised.pid();
  process.kill(first ?? 0, 'SIGKILL');
  await vi.waitFor(() => expect([null, first]).not.toContain(supervised.pid()), { timeout: 5000 });
  expect(notes).toEqual(['The worker 1 ended (SIGKILL); restarting it in 1 s.']);
  await supervised.stop();
});

test('A stopped role drains and is not restarted', async () => {
  const { supervised, notes } = start(role);
  await supervised.ready;
  const pid = supervised.pid() ?? 0;
  await supervised.stop();
  expect(isAlive(pid)).toBe(false);
  expect(supervised.pid()).toBeNull();
  expect(notes).toEqual([]);
});

test('A role that does not drain in time is killed', async () => {
  const { supervised, notes } = start(role, { env: { STUBBORN: '1' }, grace: 100 });
  await supervised.ready;
  await supervised.stop();
  expect(notes).toEqual(['The worker 1 did not stop within 0.1 s; killing it.']);
});

test('A role with an invalid configuration is not restarted', async () => {
  const { supervised } = start('process.exit(2)');
  await expect(supervised.ready).rejects.toThrow('the worker 1 failed to start');
});

test('kill -9 of the supervisor ends its roles immediately', async () => {
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
