import type { Row, ServerDeps } from '../../deps.ts';
import { hasCode } from '../../error.ts';
import type { Effect, Outbox } from '../../jobs/protocol/effect.ts';
import { effects } from '../stored/columns.ts';

const BATCH = 200;
/** Messages older than this many milliseconds are dropped: readers and workers have checked for themselves by then. */
const STALE = 60_000;

type Perform = (effect: Effect) => Promise<void>;

/** The outbox of one server process. `perform` may run the same effect twice. */
export function openOutbox({ store, log, now }: Pick<ServerDeps, 'store' | 'log' | 'now'>, perform: Perform): Outbox {
  let draining: Promise<void> | null = null;
  let again = false;

  return {
    drain: () => {
      again = true;
      draining ??= drain();
      return draining;
    },
  };

  async function drain(): Promise<void> {
    try {
      while (again) {
        again = false;
        await drainBatch();
      }
    } catch (error) {
      log.warn({ err: error }, 'cannot perform effects; they stay in the outbox');
    } finally {
      // In the same turn as the last look at `again`, so that no call is missed.
      draining = null;
    }
  }

  async function drainBatch(): Promise<void> {
    const rows = await store.read.selectFrom('outbox').selectAll().orderBy('id').limit(BATCH).execute();
    const readable = rows.flatMap(current);
    for (const effect of readable) if (effect.do !== 'offer') await performOrSkip(effect);
    // One look at the queue serves every offer of the batch.
    if (readable.some((effect) => effect.do === 'offer')) await performOrSkip({ do: 'offer' });
    const last = rows.at(-1);
    if (last) await store.write((sql) => sql.deleteFrom('outbox').where('id', '<=', last.id).execute());
    again ||= rows.length === BATCH;
  }

  /** The effect of a row that still matters and can be read: a row that cannot stops no other. */
  function current(row: Row<'outbox'>): Effect[] {
    try {
      const effect = effects.read(row);
      return now() - row.at < STALE || LASTING.includes(effect.do) ? [effect] : [];
    } catch (error) {
      log.error({ err: error, effect: row.effect }, 'cannot read an effect; the sweep makes up for it');
      return [];
    }
  }

  /** Only an unreachable Redis holds up the effects that follow; what else fails is repeated by the sweep or by the worker that asked. */
  async function performOrSkip(effect: Effect): Promise<void> {
    try {
      await perform(effect);
    } catch (error) {
      if (hasCode(error, 'unreachable')) throw error;
      log.error({ err: error, effect }, 'cannot perform an effect');
    }
  }
}

const LASTING: Effect['do'][] = ['offer', 'withdraw', 'environment'];
