import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { watchStopRequests } from '../../../src/workers/attempt/stop-requests.ts';
import { type Bench, openBench } from '../harness.ts';

let bench: Bench;
let done: AbortController;
let stop: AbortController;
let force: AbortController;
let watching: Promise<void>;
beforeEach(async () => {
  bench = await openBench();
  [done, stop, force] = [new AbortController(), new AbortController(), new AbortController()];
});
afterEach(async () => {
  done.abort();
  await watching;
  await bench.end();
});

function watch(): void {
  watching = watchStopRequests(bench.parts.bus, bench.mailbox, 'att_1', { stop, force }, done.signal);
}

const cancel = { kind: 'cancel', reason: 'cancelled by Ada' };

test('a stop request is heard at once, as the reason to stop', async () => {
  watch();
  await bench.clerk.bus.requestStop('wrk_1', 'att_1', JSON.stringify(cancel));
  await vi.waitFor(() => expect(stop.signal.reason).toEqual(cancel), { timeout: 500 });
  expect(force.signal.aborted).toBe(false);
});

test('a stop request that nobody rang for is found within a second or two', async () => {
  watch();
  await bench.clerk.bus.requestStop(null, 'att_1', JSON.stringify(cancel));
  await vi.waitFor(() => expect(stop.signal.reason).toEqual(cancel), { timeout: 3000 });
});

test('a stop request from before the attempt was taken counts', async () => {
  await bench.clerk.bus.requestStop(null, 'att_1', JSON.stringify(cancel));
  watch();
  await vi.waitFor(() => expect(stop.signal.reason).toEqual(cancel));
});

test('force comes after, and the first reason stays', async () => {
  watch();
  await bench.clerk.bus.requestStop('wrk_1', 'att_1', JSON.stringify(cancel));
  await vi.waitFor(() => expect(stop.signal.aborted).toBe(true));
  const force_it = { kind: 'force', reason: 'and now' };
  await bench.clerk.bus.requestStop('wrk_1', 'att_1', JSON.stringify(force_it));
  await vi.waitFor(() => expect(force.signal.reason).toEqual(force_it));
  expect(stop.signal.reason).toEqual(cancel);
});

test('what is no stop request is ignored', async () => {
  await bench.clerk.bus.requestStop(null, 'att_1', '{"kind":"dance"}');
  watch();
  await bench.clerk.bus.requestStop('wrk_1', 'att_1', 'nonsense');
  await expect.poll(() => bench.redis.command('GET {gantry}:stop:att_1')).toContain('nonsense');
  expect(stop.signal.aborted).toBe(false);
});
