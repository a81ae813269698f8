import { z } from '@hono/zod-openapi';
import type { ServerDeps } from '../../deps.ts';
import { hasEnded } from '../../jobs/status.ts';
import { ApiError, notFound } from '../http/problem.ts';
import type { EventSource, ServerSentEvent } from '../http/sse.ts';
import { type Poll, pollOnWakeup } from './poll.ts';
import { loadRunResource } from './run-resource.ts';

const REVS_PER_POLL = 50;
const Rev = z
  .string()
  .regex(/^\d{1,15}$/)
  .transform(Number);

/** The revisions of a run as events: those after `lastId`, or first a snapshot of the run. The event `end` follows the last revision. */
export async function runEvents(
  deps: Pick<ServerDeps, 'store' | 'wakeups'>,
  id: string,
  lastId: string | undefined,
): Promise<EventSource> {
  const { rev: newest } = await state();
  const last = lastId === undefined ? null : Rev.safeParse(lastId).data;
  if (last === undefined || (last !== null && last > newest))
    throw new ApiError(400, `Last-Event-ID ${lastId} is not a revision of this run. Reconnect without it.`);

  return async function* source(signal) {
    let rev = last;
    const poll = async (): Promise<Poll<ServerSentEvent>> => {
      if (rev === null) {
        const snapshot = await takeSnapshot();
        rev = snapshot.rev;
        return { items: [snapshot.event], next: 'again' };
      }
      // The run is read before its revisions: if it has ended, no more revisions can follow.
      const { status, rev: current } = await state();
      const rows = await readRevs(rev);
      rev = rows.at(-1)?.rev ?? rev;
      const items: ServerSentEvent[] = rows.map((row) => ({ id: String(row.rev), event: 'run', data: row.data }));
      const over = hasEnded(status) && (rev >= current || rows.length === 0);
      if (!over) return { items, next: rows.length > 0 ? 'again' : 'wait' };
      return { items: [...items, { event: 'end', data: JSON.stringify({ status }) }], next: 'end' };
    };
    yield* pollOnWakeup(deps.wakeups, new Set([`run:${id}`]), poll, signal);
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

  /** The jobs may be newer than the rev, which is read first; later events then repeat their changes. */
  async function takeSnapshot(): Promise<{ rev: number; event: ServerSentEvent }> {
    const { rev } = await state();
    const run = await loadRunResource(deps.store.read, id);
    if (run === null) throw notFound(`run ${id}`);
    const { jobs, ...rest } = run;
    return { rev, event: { id: String(rev), event: 'run', data: JSON.stringify({ rev, run: rest, jobs }) } };
  }

  function readRevs(after: number) {
    return deps.store.read
      .selectFrom('revisions')
      .select(['rev', 'data'])
      .where('run_id', '=', id)
      .where('rev', '>', after)
      .orderBy('rev')
      .limit(REVS_PER_POLL)
      .execute();
  }
}
