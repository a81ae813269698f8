import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { deliverOrphans } from '../../../src/workers/host/orphans.ts';
import { type Harness, openHarness } from '../protocol-harness.ts';

let harness: Harness;
let done: AbortController;
beforeEach(async () => {
  harness = await openHarness();
  done = new AbortController();
});
afterEach(async () => {
  done.abort();
  await harness.end();
});

/** Starts a worker and kills it after it has finished an attempt, before it delivers the events. */
async function leaveDeadWorker(worker: string, attempt: string): Promise<void> {
  const verdict = { status: 'failed', reason: 'exit code 1', exit_code: 1 };
  const events = [
    { seq: 1, type: 'step', data: { number: 1 } },
    { seq: 2, type: 'finished', data: { verdict } },
  ].map((event) => ({ ...event, attempt, worker, at: 1, blob: null }));
  const code = `
    import { openSpool } from ${JSON.stringify(join(process.cwd(), 'src/adapters/spool/file-spool.ts'))};
    import { openLocks } from ${JSON.stringify(join(process.cwd(), 'src/adapters/lock/locks.ts'))};
    const spool = await openSpool(${JSON.stringify(join(harness.dir, 'spools'))}, ${JSON.stringify(worker)}, openLocks(), console);
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

test('The events of an attempt that a dead worker finished are delivered with its id, and then removed', async () => {
  await leaveDeadWorker('wrk_dead', 'att_1');
  const delivering = deliverOrphans(harness.deps, harness.mailbox, done.signal);
  await vi.waitFor(() => expect(harness.control.of('att_1').map(({ seq }) => seq)).toEqual([1, 2]));
  expect(new Set(harness.control.of('att_1').map(({ worker }) => worker))).toEqual(new Set(['wrk_dead']));
  await vi.waitFor(async () => expect(await readdir(join(harness.dir, 'spools', 'wrk_1'))).toEqual([]));
  expect(await readdir(join(harness.dir, 'spools'))).toEqual(['wrk_1', 'wrk_1.lock']);
  done.abort();
  await delivering;
});

test('The events of a superseded attempt are removed and change nothing', async () => {
  harness.control.superseded.add('att_1');
  await leaveDeadWorker('wrk_dead', 'att_1');
  const delivering = deliverOrphans(harness.deps, harness.mailbox, done.signal);
  await vi.waitFor(async () => expect(await readdir(join(harness.dir, 'spools', 'wrk_1'))).toEqual([]));
  expect(harness.control.applied).toEqual([]);
  done.abort();
  await delivering;
});

test('Delivered events whose file cannot be removed do not end the worker', async () => {
  await leaveDeadWorker('wrk_dead', 'att_1');
  const { promise: removing, resolve } = Promise.withResolvers<void>();
  const remove = () => {
    resolve();
    return Promise.reject(new Error('EIO: input/output error'));
  };
  const deps = { ...harness.deps, spool: { ...harness.deps.spool, remove } };
  const delivering = deliverOrphans(deps, harness.mailbox, done.signal);
  await removing;
  done.abort();
  await expect(delivering).resolves.toBeUndefined();
});

test('Events that cannot be delivered stay on disk for the next worker', async () => {
  harness.control.handles = () => false;
  await leaveDeadWorker('wrk_dead', 'att_1');
  const delivering = deliverOrphans(harness.deps, harness.mailbox, done.signal);
  await vi.waitFor(() => expect(harness.control.received.length).toBeGreaterThan(0));
  done.abort();
  await delivering;
  expect(await readdir(join(harness.dir, 'spools', 'wrk_1'))).toContain('att_1.jsonl');
});
