import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { openOffers } from '../../../../src/adapters/redis/queue/offers.ts';
import type { Offers, Taker } from '../../../../src/adapters/redis/queue/queue.ts';
import { openTaker } from '../../../../src/adapters/redis/queue/taker.ts';
import { startRedis, type TestRedis } from '../../../redis.ts';

let redis: TestRedis;
let offers: Offers;
let takers: Taker[];
beforeEach(async () => {
  redis = await startRedis();
  offers = openOffers(redis.url);
  takers = [];
  await vi.waitFor(async () => expect(await offers.reachable()).toBe(true));
});
afterEach(async () => {
  await offers.close();
  await Promise.all(takers.map((taker) => taker.close()));
  await redis.end();
});

function taker(): Taker {
  const opened = openTaker(redis.url);
  takers.push(opened);
  return opened;
}

/** Takes attempts and holds each until `end` is called. */
function attempts() {
  const taken: string[] = [];
  const ends = new Map<string, () => void>();
  const take = (attempt: string) => {
    taken.push(attempt);
    return new Promise<void>((resolve) => ends.set(attempt, resolve));
  };
  return { taken, take, end: (attempt: string) => ends.get(attempt)?.() };
}

test('A repeated offer is taken once, and leaves nothing in Redis', async () => {
  const { taken, take, end } = attempts();
  for (let i = 0; i < 5; i++) await offers.offer('test', 'att_1');
  taker().take('test', 2, take);
  await vi.waitFor(() => expect(taken).toEqual(['att_1']));
  await offers.offer('test', 'att_1');
  end('att_1');
  await vi.waitFor(async () => expect(await redis.command('KEYS {gantry}:test:att_1')).toBe('*0\r\n'));
  expect(taken).toEqual(['att_1']);
});

test('A lane hands out as many offers as the taker has slots, and the next when a slot becomes free', async () => {
  const { taken, take, end } = attempts();
  for (const attempt of ['att_1', 'att_2', 'att_3']) await offers.offer('build', attempt);
  taker().take('build', 2, take);
  await vi.waitFor(() => expect(taken).toEqual(['att_1', 'att_2']));
  end('att_2');
  await vi.waitFor(() => expect(taken).toEqual(['att_1', 'att_2', 'att_3']));
});

test('Lanes do not wait for each other', async () => {
  const { taken, take } = attempts();
  const opened = taker();
  for (const lane of ['plan', 'test', 'build', 'deploy', 'notify'] as const) {
    opened.take(lane, 1, take);
    await offers.offer(lane, `att_${lane}`);
  }
  await vi.waitFor(() =>
    expect(taken.toSorted()).toEqual(['att_build', 'att_deploy', 'att_notify', 'att_plan', 'att_test']),
  );
});

test('A withdrawn offer is not taken', async () => {
  const { taken, take } = attempts();
  await offers.offer('test', 'att_1');
  await offers.withdraw('test', 'att_1');
  await offers.withdraw('test', 'att_1');
  await offers.offer('test', 'att_2');
  taker().take('test', 2, take);
  await vi.waitFor(() => expect(taken).toEqual(['att_2']));
});

test('After FLUSHALL held attempts continue and new offers are taken', async () => {
  const { taken, take, end } = attempts();
  taker().take('test', 2, take);
  await offers.offer('test', 'att_1');
  await vi.waitFor(() => expect(taken).toEqual(['att_1']));
  await redis.flush();
  await offers.offer('test', 'att_2');
  await vi.waitFor(() => expect(taken).toEqual(['att_1', 'att_2']), { timeout: 10_000 });
  end('att_1');
  end('att_2');
  await offers.offer('test', 'att_3');
  await vi.waitFor(() => expect(taken).toEqual(['att_1', 'att_2', 'att_3']), { timeout: 10_000 });
});

test('Repeated FLUSHALLs lose no offer that is made again', async () => {
  const { taken, take, end } = attempts();
  taker().take('test', 4, async (attempt) => {
    void take(attempt);
    end(attempt);
  });
  for (let i = 0; i < 40; i++) {
    await vi.waitFor(async () => {
      await offers.offer('test', `att_${i}`);
      if (i % 2 === 0 && !taken.includes(`att_${i}`)) await redis.flush();
      await offers.offer('test', `att_${i}`);
      expect(taken).toContain(`att_${i}`);
    }, 20_000);
  }
});

test('After an outage of fifteen seconds offers are taken again', async () => {
  const { taken, take } = attempts();
  taker().take('test', 4, take);
  await offers.offer('test', 'att_1');
  await vi.waitFor(() => expect(taken).toEqual(['att_1']));
  await redis.stop();
  await expect(offers.offer('test', 'att_2')).rejects.toMatchObject({ code: 'unreachable' });
  expect(await offers.reachable()).toBe(false);
  // The outage must last longer than every lock and every blocking read.
  await new Promise((resolve) => setTimeout(resolve, 15_000));
  await redis.start();
  await vi.waitFor(() => offers.offer('test', 'att_2'), { timeout: 5000 });
  await vi.waitFor(() => expect(taken).toEqual(['att_1', 'att_2']), { timeout: 10_000 });
});

test('A taker that starts before Redis takes offers once Redis is up', async () => {
  await redis.stop();
  const { taken, take } = attempts();
  taker().take('test', 1, take);
  await redis.start();
  await vi.waitFor(() => offers.offer('test', 'att_1'), { timeout: 5000 });
  await vi.waitFor(() => expect(taken).toEqual(['att_1']), { timeout: 10_000 });
});

test('Draining takes no new offers and waits for the held ones', async () => {
  const { taken, take, end } = attempts();
  const opened = taker();
  opened.take('test', 2, take);
  await offers.offer('test', 'att_1');
  await vi.waitFor(() => expect(taken).toEqual(['att_1']));
  const draining = opened.drain();
  const other = attempts();
  taker().take('test', 2, other.take);
  await vi.waitFor(
    async () => {
      await offers.offer('test', 'att_2');
      expect(other.taken).toEqual(['att_2']);
    },
    { timeout: 5000 },
  );
  expect(taken).toEqual(['att_1']);
  expect(await Promise.race([draining.then(() => 'drained'), Promise.resolve('still held')])).toBe('still held');
  end('att_1');
  await draining;
});

test('Closing takes less than 3 s while an attempt is held and Redis is unreachable', async () => {
  const { taken, take } = attempts();
  const opened = taker();
  opened.take('test', 1, take);
  await offers.offer('test', 'att_1');
  await vi.waitFor(() => expect(taken).toEqual(['att_1']));
  await redis.stop();
  const before = Date.now();
  await opened.close();
  await offers.close();
  const never = openTaker(redis.url);
  never.take('test', 1, take);
  await never.close();
  expect(Date.now() - before).toBeLessThan(3000);
});
