import { hostname } from 'node:os';
import type { WorkerDeps } from '../deps.ts';
import type { Beat } from '../jobs/protocol/message.ts';

const EVERY = 3000;

/** What a beat says that changes. */
export type State = Pick<Beat, 'free' | 'held' | 'proxy' | 'stopping'>;

/** Says each 3 s, and at once when `changed` is called, that this worker lives and what it could take. */
export function startPulse({ bus, worker }: Pick<WorkerDeps, 'bus' | 'worker'>, state: () => State) {
  let soon: NodeJS.Immediate | null = null;
  const timer = setInterval(() => void beat(), EVERY);
  void beat();

  /** Redis may be away: silence counts only while control hears others. */
  async function beat(): Promise<void> {
    soon = null;
    await bus.beat({ worker, host: hostname(), pid: process.pid, ...state() }).catch(() => undefined);
  }

  return {
    /** Many changes at once are one beat. */
    changed: (): void => {
      soon ??= setImmediate(() => void beat());
    },
    stop: async (): Promise<void> => {
      clearInterval(timer);
      if (soon) clearImmediate(soon);
      await beat();
    },
  };
}
