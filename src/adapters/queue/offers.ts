import { Queue } from 'bullmq';
import { CodedError } from '../../error.ts';
import { Lane } from '../../jobs/run/plan.ts';
import { connectCommands, PREFIX } from './connection.ts';
import type { Offers } from './queue.ts';

/** Milliseconds that anything here may take; after that Redis counts as away. */
const PATIENCE = 2000;

export function openOffers(url: string): Offers {
  const redis = connectCommands(url);
  const queues = new Map<Lane, Promise<Queue>>();

  return {
    offer: (lane, attempt) => done(async () => (await queueOf(lane)).add('offer', {}, { jobId: attempt })),
    withdraw: (lane, attempt) => done(async () => (await queueOf(lane)).remove(attempt)),
    reachable: () =>
      done(() => redis.ping()).then(
        () => true,
        () => false,
      ),
    close: async () => {
      redis.disconnect();
      await Promise.allSettled([...queues.values()].map(async (queue) => (await queue).close()));
    },
  };

  /** One whose connection was lost while it was made is broken for good: such a one is not kept. */
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
      // An offer is tried once, and nothing is kept of it: what became of an attempt is in SQL.
      defaultJobOptions: { attempts: 1, removeOnComplete: { count: 0 }, removeOnFail: { count: 0 } },
      streams: { events: { maxLen: 100 } },
    });
    queue.on('error', () => undefined);
    await queue.waitUntilReady();
    return queue;
  }
}

async function done(work: () => Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${PATIENCE} ms`)), PATIENCE);
  });
  try {
    await Promise.race([work(), late]);
  } catch (cause) {
    throw new QueueError('Redis is away', { cause });
  } finally {
    clearTimeout(timer);
  }
}

/** Redis is away; the offer is made again by the next sweep. */
export class QueueError extends CodedError<'unreachable'> {
  constructor(message: string, options?: ErrorOptions) {
    super('unreachable', message, options);
  }
}
