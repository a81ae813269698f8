import type { ServerDeps, Tx } from '../../deps.ts';
import type { IdPrefix } from '../../jobs/id.ts';
import type { Effect } from '../../jobs/protocol/effect.ts';
import { effects } from '../stored/columns.ts';

export type TransactDeps = Pick<ServerDeps, 'store' | 'outbox' | 'now' | 'newId' | 'config' | 'metrics' | 'log'>;

/** Counts and logs what a transaction did. */
type Record = (deps: Pick<ServerDeps, 'metrics' | 'log'>) => void;

/** One transaction of control's: its SQL, the time it happens at, and the effects that it leaves in the outbox. */
export interface Transaction {
  sql: Tx;
  now: number;
  newId(prefix: IdPrefix): string;
  effects: Effect[];
  /** Runs after the commit, and not at all when the transaction is rolled back. */
  onCommit(record: Record): void;
  config: ServerDeps['config'];
}

/**
 * Commits what `work` wrote together with the effects it added, then starts to perform those. Resolves at the commit: Redis
 * may be away.
 */
export async function transact<T>(deps: TransactDeps, work: (t: Transaction) => Promise<T>): Promise<T> {
  const { store, outbox, now, newId, config } = deps;
  const records: Record[] = [];
  const result = await store.write(async (sql) => {
    const t: Transaction = {
      sql,
      now: now(),
      newId,
      effects: [],
      onCommit: (record) => void records.push(record),
      config,
    };
    const value = await work(t);
    const rows = t.effects.map((effect) => ({ effect: effects.write(effect), at: t.now }));
    if (rows.length > 0) await sql.insertInto('outbox').values(rows).execute();
    return value;
  });
  for (const record of records) record(deps);
  void outbox.drain();
  return result;
}
