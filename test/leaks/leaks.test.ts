import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type DockerObject, findLeaks } from './docker.ts';
import { listProcesses } from './process.ts';
import { announceRun } from './run.ts';

test.each([
  ['its environment', { args: ['1000'], env: true }],
  ['its arguments, without its environment', { args: ['1000'], argv0: true }],
  ['its working directory, without its environment', { args: ['1000'], cwd: true }],
])('A process that outlives its test is found by %s', async (_, how) => {
  const mark = await temporary();
  const child = spawn('sleep', how.args, {
    env: 'env' in how ? { PATH: process.env.PATH, TMPDIR: mark } : { PATH: process.env.PATH },
    ...('argv0' in how && { argv0: join(mark, 'sleep') }),
    ...('cwd' in how && { cwd: mark }),
    detached: true,
    stdio: 'ignore',
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child, 'spawn');
  expect(listProcesses(mark).map((it) => it.pid)).toEqual([child.pid]);
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(listProcesses(mark)).toEqual([]);
});

test('A Docker object is a leak unless it or its installation existed before', () => {
  const demo = object('container/1', 'demo');
  const redeployed = object('container/2', 'demo');
  const leaked = object('network/3', 'test');
  const unlabelled = object('volume/4', undefined);
  expect(findLeaks([demo], [demo, redeployed, leaked, unlabelled])).toEqual([leaked, unlabelled]);
  expect(findLeaks([demo, leaked], [demo, leaked])).toEqual([]);
  expect(findLeaks(null, [leaked])).toEqual([]);
  expect(findLeaks([demo], null)).toEqual([]);
});

test('A run knows whether another run overlapped it', async () => {
  const register = await temporary();
  const alone = announceRun(register);
  expect(alone.end()).toBe(false);
  await utimes(join(register, (await readdir(register))[0] ?? ''), 1, 1);

  const first = announceRun(register, 1);
  const second = announceRun(register);
  expect(second.end()).toBe(true);
  expect(first.end()).toBe(true);
});

test('A run that was killed long ago does not overlap', async () => {
  const register = await temporary();
  const killed = join(register, '4194305-1');
  await writeFile(killed, 'running');
  await utimes(killed, 1, 1);
  expect(announceRun(register).end()).toBe(false);
  expect(await readdir(register)).not.toContain('4194305-1');
});

async function temporary(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'leaks-'));
  onTestFinished(() => rm(path, { recursive: true }));
  return path;
}

function object(id: string, installation: string | undefined): DockerObject {
  return { id, installation, description: id, details: '' };
}
