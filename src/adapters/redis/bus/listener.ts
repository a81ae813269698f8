import type { Redis } from 'ioredis';
import { connect } from '../connection.ts';

type Handle = (text: string) => void;

/** Pub/sub channels over one connection. It subscribes again after a reconnection; messages published in between are lost. */
export interface Listener {
  redis: Redis;
  /** Resolves when Redis has confirmed the subscription, or when the listener is closed. Waits while Redis is unreachable. */
  listen(channel: string, handle: Handle): Promise<void>;
  unlisten(channel: string, handle: Handle): void;
  close(): void;
}

export function openListener(url: string): Listener {
  const redis = connect(url, { autoResubscribe: false });
  const handlers = new Map<string, Set<Handle>>();
  let waiting: (() => void)[] = [];
  let closed = false;

  redis.on('ready', () => void resubscribe());
  redis.on('message', (channel, text) => {
    for (const handle of handlers.get(channel) ?? []) handle(text);
  });

  async function resubscribe(): Promise<void> {
    const subscribed = handlers.size === 0 || (await redis.subscribe(...handlers.keys()).then(yes, no));
    if (subscribed) settle();
  }

  function settle(): void {
    for (const resolve of waiting) resolve();
    waiting = [];
  }

  return {
    redis,
    listen: async (channel, handle) => {
      handlers.set(channel, (handlers.get(channel) ?? new Set()).add(handle));
      if (redis.status === 'ready' && (await redis.subscribe(channel).then(yes, no))) return;
      if (!closed) await new Promise<void>((resolve) => waiting.push(resolve));
    },
    unlisten: (channel, handle) => {
      const left = handlers.get(channel);
      if (!left?.delete(handle) || left.size > 0) return;
      handlers.delete(channel);
      redis.unsubscribe(channel).catch(() => undefined);
    },
    close: () => {
      closed = true;
      redis.disconnect();
      settle();
    },
  };
}

const yes = () => true;
const no = () => false;
