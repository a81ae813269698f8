import { Queue } from 'bullmq';
import { within } from '../../../abort.ts';
import type { Lane } from '../../../jobs/run/plan.ts';
import { COMMAND_TIMEOUT, connect, RedisError } from '../connection.ts';
import { PREFIX } from '../keys.ts';
import type { Offers } from './queue.ts';

export function openOffers(url: string): Offers {
  const redis = connect(url, { commandTimeout: COMMAND_TIMEOUT });
  const queues = new Map<Lane, Promise<Queue>>();

  return {
    offer: (lane, attempt) => inTime(async () => (await queueOf(lane)).add('offer', {}, { jobId: attempt })),
    withdraw: (lane, attempt) => inTime(async () => (await queueOf(lane)).remove(attempt)),
    reachable: () =>
      inTime(() => redis.ping()).then(
        () => true,
        () => false,
      ),
    close: async () => {
      redis.disconnect();
      await Promise.allSettled([...queues.values()].map(async (queue) => (await queue).close()));
    },
  };

  /** A queue whose connection was lost while it was opened never works again, so it is not kept. */
  function queueOf(lane: Lane): Promise<Queue> {
    if (redis.status !== 'ready') return Promise.reject(new Error(`the connection is ${redis.status}`));
    const queue = queues.get(lane) ?? openQueue(lane);
    queues.set(lane, queue);
    queue.catch(() => queues.delete(lane));
    return queue;
  }

  async function openQueue(lane: Lane): Promise<Queue> {
    const queue = new Queue(lane, {
      connection: redis,
      prefix: PREFIX,
      // BullMQ neither retries nor keeps an offer: the state of an attempt is in SQL.
      defaultJobOptions: { attempts: 1, removeOnComplete: { count: 0 }, removeOnFail: { count: 0 } },
      streams: { events: { maxLen: 100 } },
    });
    queue.on('error', () => undefined);
    await queue.waitUntilReady();
    return queue;
  }
}

/** Rejects with `RedisError` after `COMMAND_TIMEOUT`: BullMQ itself may wait forever for an unreachable Redis. */
async function inTime(work: () => Promise<unknown>): Promise<void> {
  const finished = work().then(
    () => ({ error: null }),
    (error: unknown) => ({ error }),
  );
  const result = await within(finished, COMMAND_TIMEOUT);
  if (result === null) throw new RedisError(`Redis did not answer within ${COMMAND_TIMEOUT} ms`);
  if (result.error !== null) throw new RedisError('Redis is unreachable', { cause: result.error });
}
