import type { ServerDeps, Tx } from '../../deps.ts';
import type { IdPrefix } from '../../jobs/id.ts';
import type { Effect } from '../../jobs/protocol/effect.ts';
import { effects } from '../stored/columns.ts';

export type TransactDeps = Pick<ServerDeps, 'store' | 'outbox' | 'now' | 'newId' | 'config' | 'metrics' | 'log'>;

/** Runs after a commit, for metrics and logs. */
type AfterCommit = (deps: Pick<ServerDeps, 'metrics' | 'log'>) => void;

/** A transaction of control: its SQL, its time, and the effects that it adds to the outbox. */
export interface Transaction {
  sql: Tx;
  /** Milliseconds since 1970. */
  now: number;
  newId(prefix: IdPrefix): string;
  effects: Effect[];
  /** The callback does not run when the transaction is rolled back. */
  onCommit(callback: AfterCommit): void;
  config: ServerDeps['config'];
}

/**
 * Commits what `work` wrote, together with the effects that it added, then starts to perform them. Resolves after the commit,
 * without waiting for Redis.
 */
export async function transact<T>(deps: TransactDeps, work: (t: Transaction) => Promise<T>): Promise<T> {
  const { store, outbox, now, newId, config } = deps;
  const callbacks: AfterCommit[] = [];
  const result = await store.write(async (sql) => {
    const t: Transaction = {
      sql,
      now: now(),
      newId,
      effects: [],
      onCommit: (callback) => void callbacks.push(callback),
      config,
    };
    const value = await work(t);
    const rows = t.effects.map((effect) => ({ effect: effects.write(effect), at: t.now }));
    if (rows.length > 0) await sql.insertInto('outbox').values(rows).execute();
    return value;
  });
  for (const callback of callbacks) callback(deps);
  void outbox.drain();
  return result;
}
