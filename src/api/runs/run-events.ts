import { z } from '@hono/zod-openapi';
import type { ServerDeps } from '../../deps.ts';
import { hasEnded } from '../../jobs/status.ts';
import { ApiError, notFound } from '../http/problem.ts';
import type { ServerSentEvent, Source } from '../http/sse.ts';
import { type Poll, pollOnWakeup } from './poll.ts';
import { showRun } from './run-resource.ts';

const REVS_AT_ONCE = 50;
const Rev = z
  .string()
  .regex(/^\d{1,15}$/)
  .transform(Number);

/** A run's revs as messages, from the one after `lastId`, or from the whole run as it is now; after its end, `end`. */
export async function runEvents(deps: ServerDeps, id: string, lastId: string | undefined): Promise<Source> {
  const { rev: newest } = await state();
  const last = lastId === undefined ? null : Rev.safeParse(lastId).data;
  if (last === undefined || (last !== null && last > newest))
    throw new ApiError(400, `Last-Event-ID ${lastId} is no rev of this run; come back without it.`);

  return async function* source(signal) {
    let rev = last;
    const look = async (): Promise<Poll<ServerSentEvent>> => {
      if (rev === null) {
        const snapshot = await show();
        rev = snapshot.rev;
        return { news: [snapshot.message], next: 'again' };
      }
      // The run is read first: when it had ended by then, the revs that follow are all there are.
      const { status, rev: current } = await state();
      const rows = await readRevs(rev);
      rev = rows.at(-1)?.rev ?? rev;
      const news: ServerSentEvent[] = rows.map((row) => ({ id: String(row.rev), event: 'run', data: row.data }));
      const over = hasEnded(status) && (rev >= current || rows.length === 0);
      if (!over) return { news, next: rows.length > 0 ? 'again' : 'wait' };
      return { news: [...news, { event: 'end', data: JSON.stringify({ status }) }], next: 'end' };
    };
    yield* pollOnWakeup(deps.wakeups, new Set([`run:${id}`]), look, signal);
  };

  async function state() {
    const run = await deps.store.read
      .selectFrom('runs')
      .select(['rev', 'status'])
      .where('id', '=', id)
      .executeTakeFirst();
    if (run === undefined) throw notFound(`run ${id}`);
    return run;
  }

  /** The jobs may be newer than the rev, which was read first: the revs that follow say the same again. */
  async function show(): Promise<{ rev: number; message: ServerSentEvent }> {
    const { rev } = await state();
    const run = await showRun(deps.store.read, id);
    if (run === null) throw notFound(`run ${id}`);
    const { jobs, ...rest } = run;
    return { rev, message: { id: String(rev), event: 'run', data: JSON.stringify({ rev, run: rest, jobs }) } };
  }

  function readRevs(after: number) {
    return deps.store.read
      .selectFrom('revisions')
      .select(['rev', 'data'])
      .where('run_id', '=', id)
      .where('rev', '>', after)
      .orderBy('rev')
      .limit(REVS_AT_ONCE)
      .execute();
  }
}
