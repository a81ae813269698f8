import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openLocks } from '../../../src/adapters/lock/locks.ts';

const locks = openLocks();
let dir: string;
let file: string;
let processes: ChildProcess[];
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'gantry-lock-'));
  file = join(dir, 'a.lock');
  processes = [];
});
afterEach(async () => {
  for (const running of processes) running.kill('SIGKILL');
  await rm(dir, { recursive: true, force: true });
});

const never = new AbortController().signal;

/** Runs `code` with `locks` and `file` in a separate process; resolves at its first output. */
async function run(code: string): Promise<ChildProcess> {
  const module = join(import.meta.dirname, '../../../src/adapters/lock/locks.ts');
  const whole = `
    import { appendFileSync } from 'node:fs';
    import { openLocks } from ${JSON.stringify(module)};
    const [locks, file] = [openLocks(), ${JSON.stringify(file)}];
    ${code}`;
  const running = spawn(process.execPath, ['--input-type=module', '-e', whole], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  processes.push(running);
  await once(running.stdout, 'data');
  return running;
}

const holder = () => run(`const lock = locks.take(file); console.log('held'); setInterval(() => lock, 1000);`);

test('A lock has one holder, also within one process, and is free when released', () => {
  const lock = locks.take(file);
  expect([locks.take(file), openLocks().take(file)]).toEqual([null, null]);
  expect(locks.take(join(dir, 'b.lock'))).not.toBeNull();
  lock?.release();
  expect(locks.take(file)).not.toBeNull();
});

test('Checking a lock does not release it', () => {
  expect(locks.isHeld(file)).toBe(false);
  const lock = locks.take(file);
  expect([locks.isHeld(file), locks.isHeld(file), locks.take(file)]).toEqual([true, true, null]);
  lock?.release();
  expect(locks.isHeld(file)).toBe(false);
});

test('A lock of another process is held until that process is killed', async () => {
  const other = await holder();
  expect([locks.take(file), locks.isHeld(file)]).toEqual([null, true]);
  const waiting = locks.whileLocked(file, never, async () => performance.now());
  other.kill('SIGKILL');
  await once(other, 'exit');
  const killed = performance.now();
  expect((await waiting) - killed).toBeLessThan(500);
  expect(locks.isHeld(file)).toBe(false);
  expect(await readdir(dir)).toEqual(['a.lock']);
});

test('A process that is stopped by SIGSTOP keeps its lock', async () => {
  const other = await holder();
  other.kill('SIGSTOP');
  await expect(locks.whileLocked(file, AbortSignal.timeout(1500), async () => {})).rejects.toThrow(/timeout/);
  expect(locks.isHeld(file)).toBe(true);
});

test('Only one of many waiting processes holds the lock at a time, also when holders are killed', async () => {
  const trace = join(dir, 'trace');
  const worker = `
    console.log('ready');
    for (let i = 0; ; i++)
      await locks.whileLocked(file, new AbortController().signal, async () => {
        appendFileSync(${JSON.stringify(trace)}, 'in ' + process.pid + '\\n');
        await new Promise((resolve) => setTimeout(resolve, 5));
        appendFileSync(${JSON.stringify(trace)}, 'out ' + process.pid + '\\n');
      });`;
  const workers = await Promise.all(Array.from({ length: 4 }, () => run(worker)));
  for (const each of workers) {
    await new Promise((resolve) => setTimeout(resolve, 400));
    each.kill('SIGKILL');
    await once(each, 'exit');
  }
  const lines = (await readFile(trace, 'utf8')).trimEnd().split('\n');
  expect(lines.length).toBeGreaterThan(100);
  for (const [i, line] of lines.entries()) {
    const [what, pid] = line.split(' ');
    if (what === 'out') expect(lines[i - 1]).toBe(`in ${pid}`);
    // A process without an `out` was killed while it held the lock, so it appears in no later line.
    else if (lines[i + 1] !== `out ${pid}`)
      expect(lines.slice(i + 1).filter((later) => later.endsWith(` ${pid}`))).toEqual([]);
  }
});

test('A waiter gets the lock after its holder, and an aborted wait rejects with the reason', async () => {
  const order: string[] = [];
  const free = Promise.withResolvers<void>();
  const first = locks.whileLocked(file, never, async () => {
    await free.promise;
    order.push('first');
  });
  const second = locks.whileLocked(file, never, async () => order.push('second'));
  const abort = new AbortController();
  const third = locks.whileLocked(file, abort.signal, async () => order.push('third'));
  abort.abort(new Error('cancelled'));
  await expect(third).rejects.toThrow('cancelled');
  free.resolve();
  await Promise.all([first, second]);
  expect(order).toEqual(['first', 'second']);
});

test('Work that fails releases the lock', async () => {
  await expect(locks.whileLocked(file, never, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(locks.isHeld(file)).toBe(false);
});
