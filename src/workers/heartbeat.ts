import { hostname } from 'node:os';
import type { WorkerDeps } from '../deps.ts';
import type { Heartbeat } from '../jobs/protocol/message.ts';

const EVERY = 3000;

/** What a heartbeat says that changes. */
export type State = Pick<Heartbeat, 'free' | 'held' | 'proxy' | 'stopping'>;

/** Says each 3 s, and at once when `changed` is called, that this worker lives and what it could take. */
export function startHeartbeat({ bus, worker }: Pick<WorkerDeps, 'bus' | 'worker'>, state: () => State) {
  let soon: NodeJS.Immediate | null = null;
  const timer = setInterval(() => void heartbeat(), EVERY);
  void heartbeat();

  /** Redis may be away: silence counts only while control hears others. */
  async function heartbeat(): Promise<void> {
    soon = null;
    await bus.heartbeat({ worker, host: hostname(), pid: process.pid, ...state() }).catch(() => undefined);
  }

  return {
    /** Many changes at once are one heartbeat. */
    changed: (): void => {
      soon ??= setImmediate(() => void heartbeat());
    },
    stop: async (): Promise<void> => {
      clearInterval(timer);
      if (soon) clearImmediate(soon);
      await heartbeat();
    },
  };
}
