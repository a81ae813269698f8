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
  return connected(url, async (redis) => {
    const info = await redis.info();
    return {
      version: field(info, 'redis_version'),
      policy: field(info, 'maxmemory_policy'),
      pid: Number(field(info, 'process_id')),
    };
  });
}

/** Stops the server; its append-only file keeps the data. Does nothing when there is no server. */
export async function shutDownRedis(url: string): Promise<void> {
  await connected(url, (redis) => redis.shutdown()).catch(() => undefined);
}

async function connected<T>(url: string, work: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = connect(url, {
    lazyConnect: true,
    enableOfflineQueue: true,
    connectTimeout: COMMAND_TIMEOUT,
    commandTimeout: COMMAND_TIMEOUT,
    // By default ioredis keeps the process alive for 2 s after Redis has closed the connection.
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

function field(info: string, name: string): string {
  return new RegExp(`^${name}:(.*)$`, 'm').exec(info)?.[1]?.trim() ?? '';
}
