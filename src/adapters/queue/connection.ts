import { Redis } from 'ioredis';

const RECONNECT_CAP = 1000;

/** BullMQ's keys, all in one slot of a Redis Cluster. */
export const PREFIX = '{gantry}';

/** What BullMQ's workers wait on: commands queue up while Redis is away, and BullMQ's own watchdog frees the blocked ones. */
export function connectTaker(url: string): Redis {
  return connect(url, { maxRetriesPerRequest: null });
}

/** For adding offers and for looking at lanes: fails fast, and never sends by itself again. */
export function connectCommands(url: string): Redis {
  return connect(url, {
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    commandTimeout: 2000,
  });
}

function connect(
  url: string,
  options: {
    maxRetriesPerRequest: number | null;
    enableOfflineQueue?: boolean;
    autoResendUnfulfilledCommands?: boolean;
    commandTimeout?: number;
  },
): Redis {
  const redis = new Redis(url.replace(/^unix:(\/\/)?/, ''), {
    ...options,
    connectTimeout: 5000,
    retryStrategy: (times) => Math.min(25 * 2 ** times, RECONNECT_CAP),
  });
  // Whoever adds is told by the rejection, whoever takes waits on; without a listener each lost connection is printed.
  redis.on('error', () => undefined);
  return redis;
}
