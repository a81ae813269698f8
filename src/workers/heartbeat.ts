import { hostname } from 'node:os';
import type { WorkerDeps } from '../deps.ts';
import type { Heartbeat } from '../jobs/protocol/message.ts';

/** Milliseconds. */
const INTERVAL = 3000;

/** The part of a heartbeat that changes. */
export type HeartbeatState = Pick<Heartbeat, 'free' | 'held' | 'proxy' | 'stopping'>;

/** Sends a heartbeat every 3 s, and at once when `changed` is called. */
export function startHeartbeat({ bus, worker }: Pick<WorkerDeps, 'bus' | 'worker'>, state: () => HeartbeatState) {
  let soon: NodeJS.Immediate | null = null;
  const timer = setInterval(() => void send(), INTERVAL);
  void send();

  /** A heartbeat may be lost: control does not count silence while Redis is unreachable. */
  async function send(): Promise<void> {
    soon = null;
    await bus.heartbeat({ worker, host: hostname(), pid: process.pid, ...state() }).catch(() => undefined);
  }

  return {
    /** Changes in the same turn of the event loop share one heartbeat. */
    changed: (): void => {
      soon ??= setImmediate(() => void send());
    },
    /** Sends the last heartbeat. */
    stop: async (): Promise<void> => {
      clearInterval(timer);
      if (soon) clearImmediate(soon);
      await send();
    },
  };
}
