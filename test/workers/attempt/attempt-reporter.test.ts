import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { OneWayEvent } from '../../../src/engine/event-reporter.ts';
import type { Finished } from '../../../src/jobs/protocol/event.ts';
import { AttemptReporter } from '../../../src/workers/attempt/attempt-reporter.ts';
import { type Harness, openHarness } from '../protocol-harness.ts';

let harness: Harness;
let reporter: AttemptReporter;
beforeEach(async () => {
  harness = await openHarness();
  reporter = openReporter('att_1');
});
afterEach(() => harness.end());

const never = new AbortController().signal;
const DONE: Finished = {
  verdict: { status: 'succeeded', reason: null, exit_code: 0 },
  outputs: {},
  log_size: 7,
};

function openReporter(attempt: string): AttemptReporter {
  return new AttemptReporter(harness.deps, harness.mailbox, attempt, harness.deps.logWriter(attempt));
}

function step(number: number, reason: string | null = null): OneWayEvent {
  const times = { started_at: 1, finished_at: 2 };
  return {
    type: 'step',
    data: { number, id: null, name: `step ${number}`, status: 'succeeded', reason, exit_code: 0, ...times },
  };
}

const spools = () => readdir(join(harness.dir, 'spools', 'wrk_1'));
const applied = (attempt = 'att_1') => harness.control.of(attempt).map(({ seq, type }) => `${seq} ${type}`);

test('Events arrive once and in order, and the spool is removed after the last one', async () => {
  await Promise.all([reporter.emit(step(1)), reporter.emit(step(2)), reporter.emit(step(3))]);
  await reporter.finish(DONE, never);
  expect(applied()).toEqual(['1 step', '2 step', '3 step', '4 finished']);
  expect(harness.control.of('att_1').at(-1)?.data).toEqual(DONE);
  expect(await spools()).toEqual([]);
});

test('An event is on disk before control has it', async () => {
  harness.control.handles = () => false;
  await reporter.emit(step(1));
  expect(await spools()).toContain('att_1.jsonl');
});

test('An event is sent again until it is acknowledged, and applied once', async () => {
  let dropped = 3;
  harness.control.handles = (message) => message.kind !== 'event' || dropped-- <= 0;
  await reporter.emit(step(1));
  await reporter.emit(step(2));
  await reporter.finish(DONE, never);
  expect(applied()).toEqual(['1 step', '2 step', '3 finished']);
  expect(harness.control.received.length).toBeGreaterThan(3);
});

test('FLUSHALL between sending and reading loses no event', async () => {
  harness.control.handles = () => false;
  await reporter.emit(step(1));
  await harness.redis.flush();
  const emitted = reporter.emit(step(2));
  await harness.redis.flush();
  await emitted;
  harness.control.handles = () => true;
  await reporter.finish(DONE, never);
  expect(applied()).toEqual(['1 step', '2 step', '3 finished']);
});

test('A Redis outage delays only the delivery of events', async () => {
  await reporter.emit(step(1));
  await harness.redis.stop();
  for (let number = 2; number <= 50; number++) await reporter.emit(step(number));
  const finishing = reporter.finish(DONE, never);
  await harness.redis.start();
  await finishing;
  expect(applied()).toHaveLength(51);
}, 30_000);

test('The events of many concurrent attempts arrive complete and in order despite repeated FLUSHALLs', async () => {
  const flushing = setInterval(() => void harness.redis.flush(), 100);
  const attempts = Array.from({ length: 20 }, (_, i) => `att_${i}`);
  await Promise.all(
    attempts.map(async (attempt) => {
      const one = openReporter(attempt);
      for (let number = 1; number <= 10; number++) await one.emit(step(number));
      await one.finish(DONE, never);
    }),
  );
  clearInterval(flushing);
  for (const attempt of attempts)
    expect(harness.control.of(attempt).map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
}, 60_000);

test('Event data over 64 KiB goes through the blob store', async () => {
  await reporter.emit(step(1, 'x'.repeat(70_000)));
  await reporter.finish(DONE, never);
  const [event] = harness.control.of('att_1');
  expect(event).toMatchObject({ data: null, blob: expect.stringMatching(/^[0-9a-f]{64}$/) });
  const content = await harness.deps.blobs.read(event?.blob ?? '', 100_000);
  expect(JSON.parse(content?.toString() ?? '')).toMatchObject({ number: 1, reason: 'x'.repeat(70_000) });
});

test('A superseded attempt aborts its signal, removes its spool and waits for no acknowledgement', async () => {
  harness.control.superseded.add('att_1');
  await reporter.emit(step(1));
  await vi.waitFor(() => expect(reporter.superseded.aborted).toBe(true));
  await reporter.finish(DONE, never);
  expect(await spools()).toEqual([]);
});

test('A worker that exits before the acknowledgement leaves the events on disk', async () => {
  harness.control.handles = () => false;
  const exiting = new AbortController();
  const finishing = reporter.finish(DONE, exiting.signal);
  exiting.abort();
  await finishing;
  expect(await spools()).toContain('att_1.jsonl');
});

const ready = { type: 'ready', data: { deployment: 'dep_1', relation: 'newer' } } as const;

test('A question gets the answer for its attempt and sequence number', async () => {
  harness.control.answers.set('att_1:1', { go: 'stop', status: 'skipped', reason: 'older' });
  harness.control.answers.set('att_1:2', { go: 'switch' });
  expect(await reporter.ask(ready, never)).toEqual({ go: 'stop', status: 'skipped', reason: 'older' });
  expect(await reporter.ask(ready, never)).toEqual({ go: 'switch' });
});

test('A question is repeated until it is answered, also after FLUSHALL', async () => {
  const asking = reporter.ask(ready, never);
  await vi.waitFor(() => expect(applied()).toEqual(['1 ready']));
  await harness.redis.flush();
  harness.control.answers.set('att_1:1', { go: 'switch' });
  expect(await asking).toEqual({ go: 'switch' });
});

test('A question rejects with the reason of its signal', async () => {
  const abort = new AbortController();
  const asking = reporter.ask(ready, abort.signal);
  abort.abort(new Error('cancelled by Ada'));
  await expect(asking).rejects.toThrow('cancelled by Ada');
});
