import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { OneWayEvent } from '../../../src/engine/event-reporter.ts';
import type { Finished } from '../../../src/jobs/protocol/event.ts';
import { AttemptReporter } from '../../../src/workers/attempt/attempt-reporter.ts';
import { type Bench, openBench } from '../harness.ts';

let bench: Bench;
let reporter: AttemptReporter;
beforeEach(async () => {
  bench = await openBench();
  reporter = openCourier('att_1');
});
afterEach(() => bench.end());

const never = new AbortController().signal;
const DONE: Finished = {
  verdict: { status: 'succeeded', reason: null, exit_code: 0 },
  outputs: {},
  log_size: 7,
};

function openCourier(attempt: string): AttemptReporter {
  return new AttemptReporter(bench.parts, bench.mailbox, attempt, bench.parts.logWriter(attempt));
}

function step(number: number, reason: string | null = null): OneWayEvent {
  const times = { started_at: 1, finished_at: 2 };
  return {
    type: 'step',
    data: { number, id: null, name: `step ${number}`, status: 'succeeded', reason, exit_code: 0, ...times },
  };
}

const spools = () => readdir(join(bench.dir, 'spools', 'wrk_1'));
const applied = (attempt = 'att_1') => bench.clerk.of(attempt).map(({ seq, type }) => `${seq} ${type}`);

test('what is told arrives once and in order, and the last word ends the spool', async () => {
  await Promise.all([reporter.emit(step(1)), reporter.emit(step(2)), reporter.emit(step(3))]);
  await reporter.finish(DONE, never);
  expect(applied()).toEqual(['1 step', '2 step', '3 step', '4 finished']);
  expect(bench.clerk.of('att_1').at(-1)?.data).toEqual(DONE);
  expect(await spools()).toEqual([]);
});

test('what is told lies on disk before anyone has it', async () => {
  bench.clerk.hears = () => false;
  await reporter.emit(step(1));
  expect(await spools()).toContain('att_1.jsonl');
});

test('what is not acknowledged is sent again until it is, and applied once', async () => {
  let dropped = 3;
  bench.clerk.hears = (message) => message.kind !== 'event' || dropped-- <= 0;
  await reporter.emit(step(1));
  await reporter.emit(step(2));
  await reporter.finish(DONE, never);
  expect(applied()).toEqual(['1 step', '2 step', '3 finished']);
  expect(bench.clerk.received.length).toBeGreaterThan(3);
});

test('FLUSHALL between sending and reading loses nothing', async () => {
  bench.clerk.hears = () => false;
  await reporter.emit(step(1));
  await bench.redis.flush();
  const emitted = reporter.emit(step(2));
  await bench.redis.flush();
  await emitted;
  bench.clerk.hears = () => true;
  await reporter.finish(DONE, never);
  expect(applied()).toEqual(['1 step', '2 step', '3 finished']);
});

test('an outage of Redis holds nothing up but the delivery', async () => {
  await reporter.emit(step(1));
  await bench.redis.stop();
  for (let number = 2; number <= 50; number++) await reporter.emit(step(number));
  const finishing = reporter.finish(DONE, never);
  await bench.redis.start();
  await finishing;
  expect(applied()).toHaveLength(51);
}, 30_000);

test('many attempts at once, with FLUSHALL again and again, all arrive whole and in order', async () => {
  const flushing = setInterval(() => void bench.redis.flush(), 100);
  const attempts = Array.from({ length: 20 }, (_, i) => `att_${i}`);
  await Promise.all(
    attempts.map(async (attempt) => {
      const each = openCourier(attempt);
      for (let number = 1; number <= 10; number++) await each.emit(step(number));
      await each.finish(DONE, never);
    }),
  );
  clearInterval(flushing);
  for (const attempt of attempts)
    expect(bench.clerk.of(attempt).map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
}, 60_000);

test('data over 64 KiB goes by the blob store', async () => {
  await reporter.emit(step(1, 'x'.repeat(70_000)));
  await reporter.finish(DONE, never);
  const [event] = bench.clerk.of('att_1');
  expect(event).toMatchObject({ data: null, blob: expect.stringMatching(/^[0-9a-f]{64}$/) });
  const content = await bench.parts.blobs.read(event?.blob ?? '', 100_000);
  expect(JSON.parse(content?.toString() ?? '')).toMatchObject({ number: 1, reason: 'x'.repeat(70_000) });
});

test('a superseded attempt says so, keeps nothing and waits for nobody', async () => {
  bench.clerk.superseded.add('att_1');
  await reporter.emit(step(1));
  await vi.waitFor(() => expect(reporter.superseded.aborted).toBe(true));
  await reporter.finish(DONE, never);
  expect(await spools()).toEqual([]);
});

test('whoever cannot wait for the receipt leaves the last word on disk', async () => {
  bench.clerk.hears = () => false;
  const gone = new AbortController();
  const finishing = reporter.finish(DONE, gone.signal);
  gone.abort();
  await finishing;
  expect(await spools()).toContain('att_1.jsonl');
});

const ready = { type: 'ready', data: { deployment: 'dep_1', relation: 'newer' } } as const;

test('a question is answered, to its attempt and number', async () => {
  bench.clerk.answers.set('att_1:1', { go: 'stop', status: 'skipped', reason: 'older' });
  bench.clerk.answers.set('att_1:2', { go: 'switch' });
  expect(await reporter.ask(ready, never)).toEqual({ go: 'stop', status: 'skipped', reason: 'older' });
  expect(await reporter.ask(ready, never)).toEqual({ go: 'switch' });
});

test('a question that waits is asked again, also after FLUSHALL, until there is an answer', async () => {
  const asking = reporter.ask(ready, never);
  await vi.waitFor(() => expect(applied()).toEqual(['1 ready']));
  await bench.redis.flush();
  bench.clerk.answers.set('att_1:1', { go: 'switch' });
  expect(await asking).toEqual({ go: 'switch' });
});

test('a question ends with the reason of its signal', async () => {
  const abort = new AbortController();
  const asking = reporter.ask(ready, abort.signal);
  abort.abort(new Error('cancelled by Ada'));
  await expect(asking).rejects.toThrow('cancelled by Ada');
});
