import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { takeLock } from '../../../src/cli/roles/lock.ts';

const holder = `
  import { takeLock } from ${JSON.stringify(join(import.meta.dirname, '../../../src/cli/roles/lock.ts'))};
  takeLock(process.argv[1], 'it');
  process.stdout.write('held');
  setInterval(() => {}, 1000);
`;

test('The second to come is told who holds it, and kill -9 of the holder lets it go', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'lock-'));
  onTestFinished(() => rm(dir, { recursive: true }));
  const file = join(dir, 'up.lock');
  const child = spawn(process.execPath, ['--input-type=module', '--eval', holder, file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  expect(() => takeLock(file, 'the data directory')).toThrow(
    `the data directory is run already, by process ${child.pid}`,
  );
  child.kill('SIGKILL');
  await once(child, 'exit');
  takeLock(file, 'the data directory').release();
  takeLock(file, 'the data directory').release();
});
