import { type ChainableCommander, Redis } from 'ioredis';
import { CodedError } from '../../error.ts';

/** Longer than any command of ours takes, shorter than anyone waits: a Redis that is silent so long counts as away. */
const COMMAND_TIMEOUT = 2000;
const RECONNECT_CAP = 1000;

/** One connection for commands. It fails fast: nothing is queued while Redis is away, and nothing is sent twice by itself. */
export interface Commands {
  redis: Redis;
  /** Rejects with `BusError` when Redis is away or says no. */
  read<T>(command: (redis: Redis) => Promise<T>): Promise<T>;
  /** Several writes in one go; rejects with `BusError` when one of them was not done. */
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
      throw refused(redis, cause);
    }
  }

  async function write(writes: (pipeline: ChainableCommander) => unknown): Promise<void> {
    const pipeline = redis.pipeline();
    writes(pipeline);
    const results = await read(() => pipeline.exec());
    for (const [error] of results ?? []) if (error !== null) throw refused(redis, error);
  }
}

/** A connection that nothing is asked over, only heard: see listener.ts. */
export function connectListener(url: string): Redis {
  return connect(url, { autoResubscribe: false });
}

function connect(url: string, options: { commandTimeout?: number; autoResubscribe?: boolean }): Redis {
  const redis = new Redis(url.replace(/^unix:(\/\/)?/, ''), {
    ...options,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    connectTimeout: 5000,
    retryStrategy: (times) => Math.min(25 * 2 ** times, RECONNECT_CAP),
  });
  // Its commands say that they failed; without a listener ioredis would print each lost connection.
  redis.on('error', () => undefined);
  return redis;
}

/** A command that did not come back, where Redis itself said nothing against it, leaves the connection in doubt: it is made anew. */
function refused(redis: Redis, cause: unknown): BusError {
  const said = cause instanceof Error && cause.name === 'ReplyError';
  if (!said && redis.status === 'ready') redis.disconnect(true);
  return new BusError(said ? `Redis says no: ${cause.message}` : 'Redis is away', { cause });
}

/** Redis is away, or said no; whatever was to be done is done again by whoever wanted it. */
export class BusError extends CodedError<'unreachable'> {
  constructor(message: string, options?: ErrorOptions) {
    super('unreachable', message, options);
  }
}
