import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { claim } from '../../../src/workers/attempt/claim.ts';
import { type Harness, openHarness } from '../protocol-harness.ts';

let harness: Harness;
beforeEach(async () => {
  harness = await openHarness();
});
afterEach(() => harness.end());

const never = new AbortController().signal;

test('A claim resolves to the opened grant', async () => {
  harness.control.grants.set('att_1', { secrets: { A: 'b' } });
  expect(await claim(harness.deps, harness.mailbox, 'att_1', never)).toEqual({ grant: { secrets: { A: 'b' } } });
});

test('A claim of an attempt that is not available is denied', async () => {
  expect(await claim(harness.deps, harness.mailbox, 'att_1', never)).toBeNull();
});

test('Of two workers with the same offer one is granted the attempt, even with repeated FLUSHALLs', async () => {
  harness.control.grants.set('att_1', { go: true });
  const other = await harness.addWorker('wrk_2');
  const flushing = setInterval(() => void harness.redis.flush(), 20);
  const answers = await Promise.all([
    claim(harness.deps, harness.mailbox, 'att_1', never),
    claim(other.deps, other.mailbox, 'att_1', never),
  ]);
  clearInterval(flushing);
  expect(answers.filter((answer) => answer !== null)).toEqual([{ grant: { go: true } }]);
}, 30_000);

test('A claim is repeated with the same nonce until control handles it', async () => {
  harness.control.grants.set('att_1', {});
  let handled = 0;
  harness.control.handles = () => ++handled > 2;
  expect(await claim(harness.deps, harness.mailbox, 'att_1', never)).toEqual({ grant: {} });
  expect(handled).toBeGreaterThan(2);
  expect(new Set(harness.control.claims.map(({ nonce }) => nonce)).size).toBe(1);
});

test('A claim survives a Redis outage', async () => {
  harness.control.grants.set('att_1', {});
  await harness.redis.stop();
  const claiming = claim(harness.deps, harness.mailbox, 'att_1', never);
  await harness.redis.start();
  expect(await claiming).toEqual({ grant: {} });
}, 30_000);

test('A draining worker sends no further claims, but accepts a late grant', async () => {
  harness.control.handles = () => false;
  const draining = new AbortController();
  const claiming = claim(harness.deps, harness.mailbox, 'att_1', draining.signal);
  draining.abort();
  expect(await claiming).toBeNull();
  harness.control.handles = () => true;
  harness.control.grants.set('att_2', {});
  const drained = new AbortController();
  const second = claim(harness.deps, harness.mailbox, 'att_2', drained.signal);
  await vi.waitFor(() => expect(harness.control.claims.map(({ attempt }) => attempt)).toContain('att_2'));
  drained.abort();
  expect(await second).toEqual({ grant: {} });
});
