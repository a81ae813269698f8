import type { ServerDeps, Tx } from '../../deps.ts';
import type { IdPrefix } from '../../jobs/id.ts';
import type { Effect } from '../../jobs/protocol/effect.ts';
import { drainOutbox } from './outbox.ts';

/** One transaction of the clerk's: its SQL, the time it happens at, and the effects that it leaves in the outbox. */
export interface Transaction {
  sql: Tx;
  now: number;
  newId(prefix: IdPrefix): string;
  effects: Effect[];
  deps: ServerDeps;
}

/** Commits what `work` wrote together with the effects it wants, then sets about those. Resolves at the commit: what is outside may be away. */
export async function transact<T>(deps: ServerDeps, work: (t: Transaction) => Promise<T>): Promise<T> {
  const result = await deps.store.write(async (sql) => {
    const t: Transaction = { sql, now: deps.now(), newId: deps.newId, effects: [], deps };
    const value = await work(t);
    if (t.effects.length > 0)
      await sql
        .insertInto('outbox')
        .values(t.effects.map((effect) => row(effect, t.now)))
        .execute();
    return value;
  });
  void drainOutbox(deps);
  return result;
}

function row(effect: Effect, at: number): { effect: string; at: number } {
  return { effect: JSON.stringify(effect), at };
}
