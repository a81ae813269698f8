import type { Redis } from 'ioredis';
import { messageOf } from '../../error.ts';
import { COMMAND_TIMEOUT, connect, RedisError } from './connection.ts';

/** What a Redis or Valkey server reports about itself. */
export interface RedisFacts {
  version: string;
  /** `maxmemory-policy`. */
  policy: string;
  pid: number;
}

/** Takes at most a few seconds. Throws `RedisError` when no server answers, or when it is still starting. */
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

/** Stops the server; its append-only file keeps the data. Does nothing when there is no server. */
export async function shutDownRedis(url: string): Promise<void> {
  await once(url, (redis) => redis.shutdown()).catch(() => undefined);
}

async function once<T>(url: string, work: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = connect(url, {
    lazyConnect: true,
    enableOfflineQueue: true,
    connectTimeout: COMMAND_TIMEOUT,
    commandTimeout: COMMAND_TIMEOUT,
    // ioredis would otherwise wait 2 s for a connection that Redis has closed already, and the process with it.
    disconnectTimeout: 100,
    retryStrategy: () => null,
  });
  try {
    await redis.connect();
    return await work(redis);
  } catch (cause) {
    throw new RedisError(messageOf(cause), { cause });
  } finally {
    redis.disconnect();
  }
}

function read(info: string, name: string): string {
  return new RegExp(`^${name}:(.*)$`, 'm').exec(info)?.[1]?.trim() ?? '';
}
