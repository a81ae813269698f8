import { Redis } from 'ioredis';
import { messageOf } from '../../error.ts';
import { BusError } from './connection.ts';

/** What a Redis or Valkey says of itself. */
export interface RedisFacts {
  version: string;
  /** `maxmemory-policy`. */
  policy: string;
  pid: number;
}

/** Connects, asks and leaves again, within two seconds. Throws `BusError` when nothing answers there, or not yet. */
export async function askRedis(url: string): Promise<RedisFacts> {
  return once(url, async (redis) => {
    const info = await redis.info();
    return {
      version: read(info, 'redis_version'),
      policy: read(info, 'maxmemory_policy'),
      pid: Number(read(info, 'process_id')),
    };
  });
}

/** Ends it; what was written is in its append-only file. One that is away already is no error. */
export async function shutDownRedis(url: string): Promise<void> {
  await once(url, (redis) => redis.shutdown()).catch(() => undefined);
}

async function once<T>(url: string, work: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(url.replace(/^unix:(\/\/)?/, ''), {
    lazyConnect: true,
    connectTimeout: 2000,
    commandTimeout: 2000,
    // A connection that Redis has closed already is waited for all the same, and the process with it.
    disconnectTimeout: 100,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  redis.on('error', () => undefined);
  try {
    await redis.connect();
    return await work(redis);
  } catch (cause) {
    throw new BusError(messageOf(cause), { cause });
  } finally {
    redis.disconnect();
  }
}

function read(info: string, name: string): string {
  return new RegExp(`^${name}:(.*)$`, 'm').exec(info)?.[1]?.trim() ?? '';
}
