import type { Row, ServerDeps } from '../../deps.ts';
import { hasCode } from '../../error.ts';
import type { Effect, Outbox } from '../../jobs/protocol/effect.ts';
import { effects } from '../stored/columns.ts';

/** Effects that are read at once. */
const BATCH = 200;
/** Milliseconds after which a message is dropped: readers poll, and workers repeat their requests. */
const STALE = 60_000;

type Perform = (effect: Effect) => Promise<void>;

/** The outbox of one server process. `perform` may be called twice for an effect. */
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
      // No await between the last check of `again` and this line: a call of `drain` in between would be lost.
      draining = null;
    }
  }

  async function drainBatch(): Promise<void> {
    const rows = await store.read.selectFrom('outbox').selectAll().orderBy('id').limit(BATCH).execute();
    const readable = rows.flatMap(current);
    for (const effect of readable) if (effect.do !== 'offer') await performOrSkip(effect);
    // Making offers once is enough for all offers of the batch.
    if (readable.some((effect) => effect.do === 'offer')) await performOrSkip({ do: 'offer' });
    const last = rows.at(-1);
    if (last) await store.write((sql) => sql.deleteFrom('outbox').where('id', '<=', last.id).execute());
    again ||= rows.length === BATCH;
  }

  /** The row's effect, or nothing when it is stale or cannot be read. */
  function current(row: Row<'outbox'>): Effect[] {
    try {
      const effect = effects.read(row);
      return now() - row.at < STALE || LASTING.includes(effect.do) ? [effect] : [];
    } catch (error) {
      log.error({ err: error, effect: row.effect }, 'unreadable effect skipped; the sweep repeats its work');
      return [];
    }
  }

  /** Rejects only when Redis is unreachable. After any other error, the sweep repeats the work, or the worker asks again. */
  async function performOrSkip(effect: Effect): Promise<void> {
    try {
      await perform(effect);
    } catch (error) {
      if (hasCode(error, 'unreachable')) throw error;
      log.error({ err: error, effect }, 'effect failed and is skipped');
    }
  }
}

/** Effects that are performed however old they are. */
const LASTING: Effect['do'][] = ['offer', 'withdraw', 'environment'];
