import type { ServerDeps } from '../../deps.ts';
import type { Heartbeat } from '../../jobs/protocol/message.ts';

/** Milliseconds between two reconciliations of an idle environment. The proxy may have lost its state. */
const EVERY = 5 * 60_000;

/** Marks every environment as dirty: after a start, when the proxy's container was replaced, and periodically. */
export interface Upkeep {
  onHeartbeat(heartbeat: Heartbeat): Promise<void>;
  onSweep(): Promise<void>;
}

export function openUpkeep({ store, now }: Pick<ServerDeps, 'store' | 'now'>): Upkeep {
  let proxy: string | null = null;
  let last = Number.NEGATIVE_INFINITY;

  async function markAll(): Promise<void> {
    last = now();
    await store.write((sql) => sql.updateTable('environments').set({ dirty: 1 }).execute());
  }

  return {
    onHeartbeat: async (heartbeat) => {
      if (heartbeat.proxy === null || heartbeat.proxy === proxy) return;
      const isFirst = proxy === null;
      proxy = heartbeat.proxy;
      if (!isFirst) await markAll();
    },
    onSweep: async () => {
      if (now() - last > EVERY) await markAll();
    },
  };
}
