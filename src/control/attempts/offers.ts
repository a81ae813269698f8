import type { ServerDeps } from '../../deps.ts';
import { chooseOffers, type PendingAttempt, poolOf } from '../../jobs/protocol/offers.ts';
import type { Lane } from '../../jobs/run/plan.ts';
import { freeSlots } from './fleet.ts';

/** Attempts that are read per lane and group, so that a large group does not hide the others. */
const MOST_OF_A_GROUP = 100;
/** Newest started attempts that are read to find when each group last got a slot. A group without one among them goes first. */
const RECENT_STARTS = 200;

/** Offers as many attempts as the fleet has free slots. An attempt can safely be offered again. */
export async function makeOffers(deps: Pick<ServerDeps, 'fleet' | 'offers' | 'store' | 'now'>): Promise<void> {
  const free = freeSlots(deps.fleet);
  if (Object.values(free).every((slots) => slots <= 0)) return;
  const queue = await offerable(deps);
  if (queue.length === 0) return;
  for (const { lane, attempt } of chooseOffers(queue, free, await lastTurns(deps)))
    await deps.offers.offer(lane, attempt);
}

/** Attempts to offer, oldest first. A repository's jobs are one group; all tasks together are another. */
async function offerable({ store, now }: Pick<ServerDeps, 'store' | 'now'>): Promise<PendingAttempt[]> {
  const rows = await store.read
    .selectFrom((from) =>
      from
        .selectFrom('attempts')
        .leftJoin('jobs', (join) =>
          join.onRef('jobs.id', '=', 'attempts.subject_id').on('attempts.subject', '=', 'job'),
        )
        .leftJoin('runs', 'runs.id', 'jobs.run_id')
        .select(({ fn }) => [
          'attempts.id',
          'attempts.lane',
          'runs.repo_id',
          fn
            .agg<number>('row_number')
            .over((over) => over.partitionBy(['attempts.lane', 'runs.repo_id']).orderBy('attempts.id'))
            .as('place'),
        ])
        .where('attempts.status', '=', 'offered')
        .where((eb) => eb.or([eb('attempts.not_before', 'is', null), eb('attempts.not_before', '<=', now())]))
        .as('waiting'),
    )
    .selectAll()
    .where('place', '<=', MOST_OF_A_GROUP)
    .orderBy('id')
    .execute();
  return rows.map((row) => ({ attempt: row.id, lane: row.lane, group: groupOf(row) }));
}

/** When each group last got a slot, in milliseconds since 1970. */
async function lastTurns({ store }: Pick<ServerDeps, 'store'>): Promise<Map<string, number>> {
  const rows = await store.read
    .selectFrom('attempts')
    .innerJoin('jobs', 'jobs.id', 'attempts.subject_id')
    .innerJoin('runs', 'runs.id', 'jobs.run_id')
    .select(['attempts.lane', 'attempts.started_at', 'runs.repo_id'])
    .where('attempts.subject', '=', 'job')
    .where('attempts.started_at', 'is not', null)
    .orderBy('attempts.id', 'desc')
    .limit(RECENT_STARTS)
    .execute();
  return new Map(
    rows.map((row): [string, number] => [groupOf(row), row.started_at ?? 0]).toSorted(([, a], [, b]) => a - b),
  );
}

function groupOf({ lane, repo_id }: { lane: Lane; repo_id: string | null }): string {
  return repo_id ?? poolOf(lane);
}
