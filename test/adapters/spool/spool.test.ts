import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, rmdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openLocks } from '../../../src/adapters/lock/locks.ts';
import { openSpool } from '../../../src/adapters/spool/file-spool.ts';
import type { Event } from '../../../src/jobs/protocol/event.ts';
import { openLog } from '../../../src/log.ts';

const log = openLog('test', 'silent');
let dir: string;
let processes: ChildProcess[];
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'gantry-spool-'));
  processes = [];
});
afterEach(async () => {
  for (const running of processes) running.kill('SIGKILL');
  await rm(dir, { recursive: true, force: true });
});

const event = (worker: string, attempt: string, seq: number, type = 'step'): Event => ({
  attempt,
  worker,
  seq,
  at: 1,
  type,
  data: { text: 'ünï' },
  blob: null,
});

/** A worker in a process of its own that spools events and waits to be killed. */
async function workerProcess(worker: string, events: Event[]): Promise<ChildProcess> {
  const code = `
    import { openSpool } from ${JSON.stringify(join(process.cwd(), 'src/adapters/spool/file-spool.ts'))};
    import { openLocks } from ${JSON.stringify(join(process.cwd(), 'src/adapters/lock/locks.ts'))};
    const spool = await openSpool(${JSON.stringify(dir)}, ${JSON.stringify(worker)}, openLocks(), console);
    for (const event of ${JSON.stringify(events)}) await spool.append(event, event.type === 'finished');
    console.log('ready');
    setInterval(() => {}, 1000);`;
  const running = spawn(process.execPath, ['--input-type=module', '-e', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  processes.push(running);
  await once(running.stdout, 'data');
  return running;
}

async function kill(running: ChildProcess): Promise<void> {
  running.kill('SIGKILL');
  await once(running, 'exit');
}

test('Events are stored as lines in order, until the attempt is removed', async () => {
  const spool = await openSpool(dir, 'wrk_1', openLocks(), log);
  await spool.append(event('wrk_1', 'att_1', 1), false);
  await spool.append(event('wrk_1', 'att_1', 2, 'finished'), true);
  const lines = (await readFile(join(dir, 'wrk_1', 'att_1.jsonl'), 'utf8')).trimEnd().split('\n');
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    event('wrk_1', 'att_1', 1),
    event('wrk_1', 'att_1', 2, 'finished'),
  ]);
  await spool.remove('att_1');
  await spool.remove('att_1');
  await spool.close();
  expect(await readdir(dir)).toEqual([]);
});

test('The finished spools of a killed worker are found once; its unfinished ones are deleted', async () => {
  const events = [event('wrk_dead', 'att_1', 1), event('wrk_dead', 'att_1', 2, 'finished')];
  await kill(await workerProcess('wrk_dead', [...events, event('wrk_dead', 'att_2', 1)]));
  const [one, two] = [await openSpool(dir, 'wrk_1', openLocks(), log), await openSpool(dir, 'wrk_2', openLocks(), log)];
  const found = (await Promise.all([one.orphans(), two.orphans()])).flat();
  expect(found).toEqual([{ worker: 'wrk_dead', attempt: 'att_1', events }]);
  expect((await readdir(dir)).toSorted()).toEqual(['wrk_1', 'wrk_1.lock', 'wrk_2', 'wrk_2.lock']);
  await one.remove('att_1');
  await two.remove('att_1');
  await one.close();
  await two.close();
  expect(await readdir(dir)).toEqual([]);
});

test('An orphan is found again when the worker that adopted it also died', async () => {
  await kill(await workerProcess('wrk_dead', [event('wrk_dead', 'att_1', 1, 'finished')]));
  const code = `
    import { openSpool } from ${JSON.stringify(join(process.cwd(), 'src/adapters/spool/file-spool.ts'))};
    import { openLocks } from ${JSON.stringify(join(process.cwd(), 'src/adapters/lock/locks.ts'))};
    await (await openSpool(${JSON.stringify(dir)}, 'wrk_finder', openLocks(), console)).orphans();
    process.exit();`;
  const finder = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: 'inherit' });
  await once(finder, 'exit');
  const spool = await openSpool(dir, 'wrk_1', openLocks(), log);
  expect(await spool.orphans()).toMatchObject([{ worker: 'wrk_dead', attempt: 'att_1' }]);
  await spool.close();
});

test('The spools of a living worker are not touched', async () => {
  await workerProcess('wrk_alive', [event('wrk_alive', 'att_1', 1, 'finished')]);
  const spool = await openSpool(dir, 'wrk_1', openLocks(), log);
  expect(await spool.orphans()).toEqual([]);
  expect(await readdir(join(dir, 'wrk_alive'))).toContain('att_1.jsonl');
  await spool.close();
});

test('Only the attempts of living workers are held', async () => {
  await kill(await workerProcess('wrk_dead', [event('wrk_dead', 'att_1', 1)]));
  await workerProcess('wrk_alive', [event('wrk_alive', 'att_2', 1)]);
  const spool = await openSpool(dir, 'wrk_1', openLocks(), log);
  await spool.begin('att_3');
  expect((await spool.held()).toSorted()).toEqual(['att_2', 'att_3']);
  await spool.remove('att_3');
  expect(await spool.held()).toEqual(['att_2']);
  await spool.close();
});

test('A spool that another process uses cannot be opened', async () => {
  await workerProcess('wrk_1', []);
  await expect(openSpool(dir, 'wrk_1', openLocks(), log)).rejects.toMatchObject({ code: 'in_use' });
});

test('An incomplete last line is ignored', async () => {
  await kill(await workerProcess('wrk_dead', [event('wrk_dead', 'att_1', 1)]));
  await appendFile(join(dir, 'wrk_dead', 'att_1.jsonl'), '{"attempt":"att_1","type":"finis');
  const spool = await openSpool(dir, 'wrk_1', openLocks(), log);
  expect(await spool.orphans()).toEqual([]);
  await spool.close();
});

test('A spool that cannot be adopted stops no other one, and is left in its folder', async () => {
  const events = ['att_1', 'att_3'].map((attempt) => event('wrk_dead', attempt, 1, 'finished'));
  await kill(await workerProcess('wrk_dead', events));
  await kill(await workerProcess('wrk_other', [event('wrk_other', 'att_4', 1, 'finished')]));
  await mkdir(join(dir, 'wrk_dead', 'att_2.jsonl'));
  const spool = await openSpool(dir, 'wrk_1', openLocks(), log);
  const found = await spool.orphans();
  expect(found.map(({ attempt }) => attempt).toSorted()).toEqual(['att_1', 'att_3', 'att_4']);
  expect(await readdir(join(dir, 'wrk_dead'))).toEqual(['att_2.jsonl']);
  await rmdir(join(dir, 'wrk_dead', 'att_2.jsonl'));
  expect(await spool.orphans()).toEqual([]);
  await spool.close();
});

test('A worker whose lock cannot be read counts as living, and the spools of the others are found', async () => {
  await kill(await workerProcess('wrk_broken', [event('wrk_broken', 'att_1', 1, 'finished')]));
  await kill(await workerProcess('wrk_dead', [event('wrk_dead', 'att_2', 1, 'finished')]));
  await writeFile(join(dir, 'wrk_broken.lock'), 'not a lock file'.repeat(100));
  const spool = await openSpool(dir, 'wrk_1', openLocks(), log);
  expect(await spool.orphans()).toMatchObject([{ worker: 'wrk_dead', attempt: 'att_2' }]);
  expect((await spool.held()).toSorted()).toEqual(['att_1', 'att_2']);
  await spool.close();
});

test('An attempt can begin after its file could not be opened', async () => {
  const spool = await openSpool(dir, 'wrk_1', openLocks(), log);
  await mkdir(join(dir, 'wrk_1', 'att_1.jsonl'));
  await expect(spool.begin('att_1')).rejects.toThrow('EISDIR');
  await rmdir(join(dir, 'wrk_1', 'att_1.jsonl'));
  await spool.begin('att_1');
  await spool.remove('att_1');
  await spool.close();
});
