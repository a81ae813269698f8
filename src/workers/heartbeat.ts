import { hostname } from 'node:os';
import type { WorkerDeps } from '../deps.ts';
import type { Heartbeat } from '../jobs/protocol/message.ts';

const INTERVAL = 3000;

/** The part of a heartbeat that changes. */
export type HeartbeatState = Pick<Heartbeat, 'free' | 'held' | 'proxy' | 'stopping'>;

/** Sends a heartbeat each 3 s, and soon after `changed` is called. */
export function startHeartbeat({ bus, worker }: Pick<WorkerDeps, 'bus' | 'worker'>, state: () => HeartbeatState) {
  let soon: NodeJS.Immediate | null = null;
  const timer = setInterval(() => void send(), INTERVAL);
  void send();

  /** While Redis is unreachable no worker's silence counts. */
  async function send(): Promise<void> {
    soon = null;
    await bus.heartbeat({ worker, host: hostname(), pid: process.pid, ...state() }).catch(() => undefined);
  }

  return {
    /** Many changes at once are one heartbeat. */
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
