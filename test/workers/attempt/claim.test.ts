import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { claim } from '../../../src/workers/attempt/claim.ts';
import { type Bench, openBench } from '../harness.ts';

let bench: Bench;
beforeEach(async () => {
  bench = await openBench();
});
afterEach(() => bench.end());

const never = new AbortController().signal;

test('a claim is answered with the grant, opened', async () => {
  bench.clerk.grants.set('att_1', { secrets: { A: 'b' } });
  expect(await claim(bench.parts, bench.mailbox, 'att_1', never)).toEqual({ grant: { secrets: { A: 'b' } } });
});

test('an attempt that is not to be had is denied', async () => {
  expect(await claim(bench.parts, bench.mailbox, 'att_1', never)).toBeNull();
});

test('of two workers with the same offer one gets it, and FLUSHALL does not change that', async () => {
  bench.clerk.grants.set('att_1', { go: true });
  const other = await bench.hire('wrk_2');
  const flushing = setInterval(() => void bench.redis.flush(), 20);
  const answers = await Promise.all([
    claim(bench.parts, bench.mailbox, 'att_1', never),
    claim(other.parts, other.mailbox, 'att_1', never),
  ]);
  clearInterval(flushing);
  expect(answers.filter((answer) => answer !== null)).toEqual([{ grant: { go: true } }]);
}, 30_000);

test('a claim is repeated with the same nonce until control is there', async () => {
  bench.clerk.grants.set('att_1', {});
  let heard = 0;
  bench.clerk.hears = () => ++heard > 2;
  expect(await claim(bench.parts, bench.mailbox, 'att_1', never)).toEqual({ grant: {} });
  expect(heard).toBeGreaterThan(2);
  expect(new Set(bench.clerk.claims.map(({ nonce }) => nonce)).size).toBe(1);
});

test('a claim survives an outage', async () => {
  bench.clerk.grants.set('att_1', {});
  await bench.redis.stop();
  const claiming = claim(bench.parts, bench.mailbox, 'att_1', never);
  await bench.redis.start();
  expect(await claiming).toEqual({ grant: {} });
}, 30_000);

test('a worker that stops asks no more, and takes what it was given', async () => {
  bench.clerk.hears = () => false;
  const stopping = new AbortController();
  const claiming = claim(bench.parts, bench.mailbox, 'att_1', stopping.signal);
  stopping.abort();
  expect(await claiming).toBeNull();
  bench.clerk.hears = () => true;
  bench.clerk.grants.set('att_2', {});
  const stopped = new AbortController();
  const second = claim(bench.parts, bench.mailbox, 'att_2', stopped.signal);
  await vi.waitFor(() => expect(bench.clerk.claims.map(({ attempt }) => attempt)).toContain('att_2'));
  stopped.abort();
  expect(await second).toEqual({ grant: {} });
});
