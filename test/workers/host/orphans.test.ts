import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { deliverOrphans } from '../../../src/workers/host/orphans.ts';
import { type Bench, openBench } from '../harness.ts';

let bench: Bench;
let done: AbortController;
beforeEach(async () => {
  bench = await openBench();
  done = new AbortController();
});
afterEach(async () => {
  done.abort();
  await bench.end();
});

/** A worker that had finished an attempt, could tell nobody, and was killed. */
async function deadWorker(worker: string, attempt: string): Promise<void> {
  const verdict = { status: 'failed', reason: 'exit code 1', exit_code: 1 };
  const events = [
    { seq: 1, type: 'step', data: { number: 1 } },
    { seq: 2, type: 'finished', data: { verdict } },
  ].map((event) => ({ ...event, attempt, worker, at: 1, blob: null }));
  const code = `
    import { openSpool } from ${JSON.stringify(join(process.cwd(), 'src/adapters/spool/file-spool.ts'))};
    import { openLocks } from ${JSON.stringify(join(process.cwd(), 'src/adapters/lock/locks.ts'))};
    const spool = await openSpool(${JSON.stringify(join(bench.dir, 'spools'))}, ${JSON.stringify(worker)}, openLocks());
    for (const event of ${JSON.stringify(events)}) await spool.append(event, true);
    console.log('written');
    setInterval(() => {}, 1000);`;
  const running: ChildProcess = spawn(process.execPath, ['--input-type=module', '-e', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(running.stdout ?? running, 'data');
  running.kill('SIGKILL');
  await once(running, 'exit');
}

test('what a dead worker had finished is delivered whole, in its name, and then gone', async () => {
  await deadWorker('wrk_dead', 'att_1');
  const delivering = deliverOrphans(bench.parts, bench.mailbox, done.signal);
  await vi.waitFor(() => expect(bench.clerk.of('att_1').map(({ seq }) => seq)).toEqual([1, 2]));
  expect(new Set(bench.clerk.of('att_1').map(({ worker }) => worker))).toEqual(new Set(['wrk_dead']));
  await vi.waitFor(async () => expect(await readdir(join(bench.dir, 'spools', 'wrk_1'))).toEqual([]));
  expect(await readdir(join(bench.dir, 'spools'))).toEqual(['wrk_1', 'wrk_1.lock']);
  done.abort();
  await delivering;
});

test('an attempt that has another by now is not told twice about', async () => {
  bench.clerk.superseded.add('att_1');
  await deadWorker('wrk_dead', 'att_1');
  const delivering = deliverOrphans(bench.parts, bench.mailbox, done.signal);
  await vi.waitFor(async () => expect(await readdir(join(bench.dir, 'spools', 'wrk_1'))).toEqual([]));
  expect(bench.clerk.applied).toEqual([]);
  done.abort();
  await delivering;
});

test('what cannot be delivered yet is kept for the next', async () => {
  bench.clerk.hears = () => false;
  await deadWorker('wrk_dead', 'att_1');
  const delivering = deliverOrphans(bench.parts, bench.mailbox, done.signal);
  await vi.waitFor(() => expect(bench.clerk.received.length).toBeGreaterThan(0));
  done.abort();
  await delivering;
  expect(await readdir(join(bench.dir, 'spools', 'wrk_1'))).toContain('att_1.jsonl');
});
