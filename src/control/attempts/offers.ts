import type { ServerDeps } from '../../deps.ts';
import { chooseOffers, type Offerable, poolOf } from '../../jobs/protocol/offers.ts';
import type { Lane } from '../../jobs/run/plan.ts';
import { freeSlots } from './fleet.ts';

/** Of each group in each lane so many are looked at: what one has too many of hides nobody else's. */
const LOOK_AT = 100;
/** Whose turn is longest ago is read from so many of the newest attempts that were started; who is not among them is next. */
const LOOK_BACK = 200;

/** Offers as many attempts as the fleet has slots for; those offered before that nobody has taken are offered again, which is harmless. */
export async function makeOffers(deps: ServerDeps): Promise<void> {
  const free = freeSlots(deps.fleet);
  if (Object.values(free).every((slots) => slots <= 0)) return;
  const queue = await offerable(deps);
  if (queue.length === 0) return;
  for (const { lane, attempt } of chooseOffers(queue, free, await served(deps))) await deps.offers.offer(lane, attempt);
}

/** What waits to be offered, oldest first. A repository's jobs are one group, and so are the tasks together. */
async function offerable(deps: ServerDeps): Promise<Offerable[]> {
  const rows = await deps.store.read
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
        .where((eb) => eb.or([eb('attempts.not_before', 'is', null), eb('attempts.not_before', '<=', deps.now())]))
        .as('waiting'),
    )
    .selectAll()
    .where('place', '<=', LOOK_AT)
    .orderBy('id')
    .execute();
  return rows.map((row) => ({ attempt: row.id, lane: row.lane, group: groupOf(row) }));
}

/** When each group's newest job was started. */
async function served(deps: ServerDeps): Promise<Map<string, number>> {
  const rows = await deps.store.read
    .selectFrom('attempts')
    .innerJoin('jobs', 'jobs.id', 'attempts.subject_id')
    .innerJoin('runs', 'runs.id', 'jobs.run_id')
    .select(['attempts.lane', 'attempts.started_at', 'runs.repo_id'])
    .where('attempts.subject', '=', 'job')
    .where('attempts.started_at', 'is not', null)
    .orderBy('attempts.id', 'desc')
    .limit(LOOK_BACK)
    .execute();
  return new Map(
    rows.map((row): [string, number] => [groupOf(row), row.started_at ?? 0]).toSorted(([, a], [, b]) => a - b),
  );
}

function groupOf({ lane, repo_id }: { lane: Lane; repo_id: string | null }): string {
  return repo_id ?? poolOf(lane);
}
