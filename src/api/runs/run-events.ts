import { z } from '@hono/zod-openapi';
import { applyRevision, type JobView, type RunView } from '../../control/runs/revisions.ts';
import { revision } from '../../control/stored/columns.ts';
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

/** The revisions of a run as events: with `lastId`, those after it; otherwise a snapshot of the run, then new revisions. The last event is `end`. */
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
    const view: RunView = { run: null, jobs: new Map() };
    // To resume after a revision, the view is rebuilt from all revisions up to that one.
    let rev = last === null ? null : 0;
    const poll = async (): Promise<Poll<ServerSentEvent>> => {
      if (rev === null) {
        rev = await loadView(view);
        return { items: [eventOf(rev, view, [...view.jobs.values()])], next: 'again' };
      }
      // The run is read before its revisions: if it has ended, no more revisions can follow.
      const { status, rev: current } = await state();
      const rows = await readRevs(rev);
      const items = rows.flatMap((row) => {
        const changed = applyRevision(view, revision.read(row));
        return last !== null && row.rev <= last ? [] : [eventOf(row.rev, view, changed)];
      });
      rev = rows.at(-1)?.rev ?? rev;
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

  /** Fills the view and returns its rev. The jobs may be newer than the rev, which is read first; later events then repeat their changes. */
  async function loadView(view: RunView): Promise<number> {
    const { rev } = await state();
    const resource = await loadRunResource(deps.store.read, id);
    if (resource === null) throw notFound(`run ${id}`);
    const { jobs, ...run } = resource;
    applyRevision(view, { run, jobs });
    return rev;
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

function eventOf(rev: number, { run }: RunView, jobs: JobView[]): ServerSentEvent {
  return { id: String(rev), event: 'run', data: JSON.stringify({ rev, run, jobs }) };
}
