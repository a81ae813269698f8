import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openLocks } from '../../../src/adapters/lock/locks.ts';
import { takeLock } from '../../../src/cli/roles/lock.ts';

test('A second process is rejected with the id of the first one until the lock is released', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'lock-'));
  onTestFinished(() => rm(dir, { recursive: true }));
  const [locks, file] = [openLocks(), join(dir, 'up.lock')];
  const lock = takeLock(locks, file, 'Gantry');
  expect(await readFile(`${file}.pid`, 'utf8')).toBe(`${process.pid}\n`);
  expect(() => takeLock(locks, file, 'Gantry')).toThrow(`Gantry is already running as process ${process.pid}`);
  lock.release();
  expect(existsSync(`${file}.pid`)).toBe(false);
  takeLock(locks, file, 'Gantry').release();
});
