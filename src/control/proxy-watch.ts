import type { ServerDeps } from '../deps.ts';

/** Every environment is to be looked at by a worker: after a start of ours, or when the proxy is another one than before. */
export async function markAllDirty(deps: ServerDeps): Promise<void> {
  await deps.store.write((sql) => sql.updateTable('environments').set({ dirty: 1 }).execute());
}
