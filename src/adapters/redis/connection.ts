import { type ChainableCommander, Redis, type RedisOptions, ReplyError } from 'ioredis';
import { CodedError, messageOf } from '../../error.ts';

/** Milliseconds without a reply after which a command fails. */
export const COMMAND_TIMEOUT = 2000;
const RECONNECT_CAP = 1000;

/** A connection that reconnects by itself. By default a command fails at once while the connection is down, and is never sent twice. */
export function connect(url: string, options: Omit<RedisOptions, 'replyMapping'> = {}): Redis {
  const redis = new Redis(url.replace(/^unix:(\/\/)?/, ''), {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    connectTimeout: 5000,
    retryStrategy: (times) => Math.min(25 * 2 ** times, RECONNECT_CAP),
    ...options,
  });
  // Commands reject by themselves; without a listener ioredis prints each lost connection.
  redis.on('error', () => undefined);
  return redis;
}

/** A connection for commands that finish within `COMMAND_TIMEOUT`. */
export interface Commands {
  redis: Redis;
  /** Rejects with `RedisError`. */
  read<T>(command: (redis: Redis) => Promise<T>): Promise<T>;
  /** Sends several writes at once; rejects with `RedisError` when one of them failed. */
  write(writes: (pipeline: ChainableCommander) => unknown): Promise<void>;
  close(): void;
}

export function openCommands(url: string): Commands {
  const redis = connect(url, { commandTimeout: COMMAND_TIMEOUT });
  return { redis, read, write, close: () => redis.disconnect() };

  async function read<T>(command: (redis: Redis) => Promise<T>): Promise<T> {
    try {
      return await command(redis);
    } catch (cause) {
      throw failed(redis, cause);
    }
  }

  async function write(writes: (pipeline: ChainableCommander) => unknown): Promise<void> {
    const pipeline = redis.pipeline();
    writes(pipeline);
    const results = await read(() => pipeline.exec());
    for (const [error] of results ?? []) if (error !== null) throw failed(redis, error);
  }
}

/** A connection that left a command without a reply is replaced. */
function failed(redis: Redis, cause: unknown): RedisError {
  if (cause instanceof ReplyError) return new RedisError(`Redis refused a command: ${messageOf(cause)}`, { cause });
  if (redis.status === 'ready') redis.disconnect(true);
  return new RedisError('Redis is unreachable', { cause });
}

/** Redis is unreachable or refused a command. The caller retries later. */
export class RedisError extends CodedError<'unreachable'> {
  constructor(message: string, options?: ErrorOptions) {
    super('unreachable', message, options);
  }
}
