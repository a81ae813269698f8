import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { ControlBus, WorkerBus } from '../../../../src/adapters/redis/bus/bus.ts';
import { openControlBus } from '../../../../src/adapters/redis/bus/control-bus.ts';
import { openReaderWakeups } from '../../../../src/adapters/redis/bus/reader-wakeups.ts';
import { openWorkerBus } from '../../../../src/adapters/redis/bus/worker-bus.ts';
import { askRedis } from '../../../../src/adapters/redis/redis-check.ts';
import type { Heartbeat, PipeMessage, WorkerMessage } from '../../../../src/jobs/protocol/message.ts';
import { startRedis, type TestRedis } from '../../../redis.ts';

let redis: TestRedis;
let control: ControlBus;
let worker: WorkerBus;
let reading: AbortController;
beforeEach(async () => {
  redis = await startRedis();
  control = openControlBus(redis.url);
  worker = openWorkerBus(redis.url);
  reading = new AbortController();
  await vi.waitFor(() => expect(control.up()).not.toBeNull());
  await vi.waitFor(() => worker.wake('warm', ''));
});
afterEach(async () => {
  reading.abort();
  await control.close();
  await worker.close();
  await redis.end();
});

const claim = (nonce: string): PipeMessage => ({ kind: 'claim', claim: { attempt: 'att_1', worker: 'wrk_1', nonce } });

/** Collects the entries of the pipe: the nonces of claims, the kinds of other entries. */
function collect(): string[] {
  const received: string[] = [];
  void control.readPipe(async (message) => {
    received.push(message.kind === 'claim' ? message.claim.nonce : message.kind);
  }, reading.signal);
  return received;
}

test('The messages of workers arrive once and in order, and are then deleted from Redis', async () => {
  const received = collect();
  const sent = Array.from({ length: 500 }, (_, i) => String(i));
  for (const nonce of sent) await worker.send(claim(nonce));
  await vi.waitFor(() => expect(received).toEqual(sent));
  await vi.waitFor(async () => expect(await redis.command('XLEN {gantry}:pipe')).toBe(':0\r\n'));
});

test('An entry that cannot be parsed is delivered as unreadable and deleted', async () => {
  const received = collect();
  await redis.command('XADD {gantry}:pipe * message nonsense');
  await redis.command('XADD {gantry}:pipe * other field');
  await redis.command('XADD {gantry}:pipe * message \'{"kind":"event","event":{}}\'');
  await worker.send(claim('after'));
  await vi.waitFor(() => expect(received).toEqual(['unreadable', 'unreadable', 'unreadable', 'after']));
  await vi.waitFor(async () => expect(await redis.command('XLEN {gantry}:pipe')).toBe(':0\r\n'));
});

test('An entry whose handler fails stays in the pipe, and reading rejects', async () => {
  await worker.send(claim('poison'));
  await expect(control.readPipe(() => Promise.reject(new Error('no')), reading.signal)).rejects.toThrow('no');
  expect(await redis.command('XLEN {gantry}:pipe')).toBe(':1\r\n');
});

test('Reading continues after FLUSHALL and after an outage', async () => {
  const received = collect();
  await worker.send(claim('a'));
  await vi.waitFor(() => expect(received).toEqual(['a']));
  await redis.flush();
  await worker.send(claim('b'));
  await vi.waitFor(() => expect(received).toEqual(['a', 'b']));
  await redis.stop();
  await expect(worker.send(claim('lost'))).rejects.toMatchObject({ code: 'unreachable' });
  await vi.waitFor(() => expect(control.up()).toBeNull());
  await redis.start();
  await vi.waitFor(() => worker.send(claim('c')), { timeout: 5000 });
  await vi.waitFor(() => expect(received).toEqual(['a', 'b', 'c']), { timeout: 5000 });
});

test('While Redis is unreachable every method rejects within two seconds', async () => {
  await redis.stop();
  const before = Date.now();
  await Promise.all(
    [
      worker.send(claim('a')),
      control.send('wrk_1', { kind: 'superseded', attempt: 'att_1' }),
      control.wake('run:1', '1'),
    ].map((call) => expect(call).rejects.toMatchObject({ code: 'unreachable' })),
  );
  expect(Date.now() - before).toBeLessThan(2000);
});

test('While Redis hangs the connection counts as down, and afterwards as a new one', async () => {
  const before = control.up();
  collect();
  await redis.command('CLIENT PAUSE 3000 ALL');
  await expect(worker.send(claim('a'))).rejects.toMatchObject({ code: 'unreachable' });
  await vi.waitFor(() => expect(control.up()).toBeNull(), { timeout: 5000, interval: 10 });
  await vi.waitFor(() => expect(control.up()).not.toBeNull(), { timeout: 10_000 });
  expect(control.up()?.since).toBeGreaterThan(before?.since ?? Infinity);
});

const granted = (sealed: string): WorkerMessage => ({ kind: 'granted', attempt: 'att_1', sealed });

/** Collects the worker's messages. */
function receive(): WorkerMessage[] {
  const received: WorkerMessage[] = [];
  worker.receive('wrk_1', (message) => received.push(message));
  return received;
}

test('Messages arrive at their worker once and in order, and leave nothing in Redis', async () => {
  const received = receive();
  const messages = Array.from({ length: 200 }, (_, i) => granted(String(i)));
  for (const message of messages) await control.send('wrk_1', message);
  await control.send('wrk_2', granted('not for wrk_1'));
  await vi.waitFor(() => expect(received).toEqual(messages));
  expect(await redis.command('KEYS {gantry}:mailbox:wrk_1')).toBe('*0\r\n');
});

test('Messages wait for a worker that does not read yet', async () => {
  await control.send('wrk_1', granted('early'));
  const received = receive();
  await vi.waitFor(() => expect(received).toEqual([granted('early')]));
});

test('Unread messages expire after 60 s, and further messages do not extend that', async () => {
  await control.send('wrk_1', granted('a'));
  expect(await redis.command('TTL {gantry}:mailbox:wrk_1')).toMatch(/^:(60|59)\r\n$/);
  await redis.command('EXPIRE {gantry}:mailbox:wrk_1 20');
  await control.send('wrk_1', granted('b'));
  expect(await redis.command('TTL {gantry}:mailbox:wrk_1')).toMatch(/^:(20|19)\r\n$/);
});

test('A message that cannot be parsed is skipped', async () => {
  await redis.command('RPUSH {gantry}:mailbox:wrk_1 nonsense {"kind":"dance"}');
  await control.send('wrk_1', granted('after'));
  const received = receive();
  await vi.waitFor(() => expect(received).toEqual([granted('after')]));
});

test('A mailbox is read again after FLUSHALL, after an outage and after Redis hung', async () => {
  const received = receive();
  const arrives = (sealed: string) =>
    vi.waitFor(
      async () => {
        await control.send('wrk_1', granted(sealed));
        expect(received).toContainEqual(granted(sealed));
      },
      { timeout: 10_000, interval: 100 },
    );
  await arrives('a');
  await redis.flush();
  await arrives('b');
  await redis.stop();
  await redis.start();
  await arrives('c');
  await redis.command('CLIENT PAUSE 3000 ALL');
  await arrives('d');
});

test('Heartbeats reach control; invalid ones are ignored', async () => {
  const heartbeat: Heartbeat = {
    worker: 'wrk_1',
    host: 'here',
    pid: 1,
    free: { plan: 2, work: 1, deploy: 1, notify: 2 },
    held: [],
    proxy: null,
    stopping: false,
  };
  const received: Heartbeat[] = [];
  await control.onHeartbeat((message) => received.push(message));
  await redis.command('PUBLISH {gantry}:heartbeat nonsense');
  await worker.heartbeat(heartbeat);
  await vi.waitFor(() => expect(received).toEqual([heartbeat]));
});

test('Readers share one connection, and one can leave without the others', async () => {
  const wakeups = openReaderWakeups(redis.url);
  const received: string[] = [];
  const leave = wakeups.listen('log:att_1', (text) => received.push(`a${text}`));
  wakeups.listen('log:att_1', (text) => received.push(`b${text}`));
  await vi.waitFor(async () => {
    await worker.wake('log:att_1', '1');
    expect(received).toContain('b1');
  });
  leave();
  await worker.wake('log:att_1', '2');
  await vi.waitFor(() => expect(received).toContain('b2'));
  expect(received).not.toContain('a2');
  await wakeups.close();
});

test('Redis reports its version and policy; a missing Redis is unreachable', async () => {
  expect(await askRedis(redis.url)).toMatchObject({
    policy: 'noeviction',
    version: expect.stringMatching(/^\d+\.\d+/),
  });
  await expect(askRedis('unix:/nowhere/redis.sock')).rejects.toMatchObject({ code: 'unreachable' });
});
