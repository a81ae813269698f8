import type { ServerDeps } from '../../deps.ts';
import type { Heartbeat } from '../../jobs/protocol/message.ts';

/** However quiet it is, each environment is looked at this often: a proxy may have lost what it was told. */
const EVERY = 5 * 60_000;

/** Sees to it that every environment is looked at by a worker: after a start, when the proxy is another one, and now and then. */
export interface Upkeep {
  heard(heartbeat: Heartbeat): Promise<void>;
  swept(): Promise<void>;
}

export function openUpkeep(deps: ServerDeps): Upkeep {
  let proxy: string | null = null;
  let last = Number.NEGATIVE_INFINITY;

  async function lookAtAll(): Promise<void> {
    last = deps.now();
    await deps.store.write((sql) => sql.updateTable('environments').set({ dirty: 1 }).execute());
  }

  return {
    heard: async (heartbeat) => {
      if (heartbeat.proxy === null || heartbeat.proxy === proxy) return;
      const another = proxy !== null;
      proxy = heartbeat.proxy;
      if (another) await lookAtAll();
    },
    swept: async () => {
      if (deps.now() - last > EVERY) await lookAtAll();
    },
  };
}
