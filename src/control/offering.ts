import type { ServerDeps } from '../deps.ts';
import { chooseOffers, type Offerable, poolOf } from '../jobs/offers.ts';
import { Lane } from '../jobs/plan.ts';
import { freeSlots } from './fleet.ts';

const LOOK_AT = 500;

/** Offers as many attempts as the fleet has slots for; those offered before that nobody has taken are offered again, which is harmless. */
export async function makeOffers(deps: ServerDeps): Promise<void> {
  const free = freeSlots(deps.fleet);
  if (Object.values(free).every((slots) => slots <= 0)) return;
  for (const { lane, attempt } of chooseOffers(await offerable(deps), free)) await deps.offers.offer(lane, attempt);
}

/** What waits to be offered, oldest first. A repository's jobs are one group, and so are the tasks together. */
async function offerable(deps: ServerDeps): Promise<Offerable[]> {
  const rows = await deps.store.read
    .selectFrom('attempts')
    .leftJoin('jobs', (join) => join.onRef('jobs.id', '=', 'attempts.subject_id').on('attempts.subject', '=', 'job'))
    .leftJoin('runs', 'runs.id', 'jobs.run_id')
    .select(['attempts.id', 'attempts.lane', 'runs.repo_id'])
    .where('attempts.status', '=', 'offered')
    .where((eb) => eb.or([eb('attempts.not_before', 'is', null), eb('attempts.not_before', '<=', deps.now())]))
    .orderBy('attempts.id')
    .limit(LOOK_AT)
    .execute();
  return rows.map((row) => ({
    attempt: row.id,
    lane: Lane.parse(row.lane),
    group: row.repo_id ?? poolOf(Lane.parse(row.lane)),
  }));
}
