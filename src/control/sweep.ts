import type { ServerDeps } from '../deps.ts';
import { type AttemptRow, requestStop, stopRequestOf } from './attempts/attempts.ts';
import { forgetWorker, lostWorkers } from './attempts/fleet.ts';
import { makeOffers } from './attempts/offers.ts';
import { advanceEnvironment, type EnvironmentDeps } from './environments/environments.ts';
import { type TransactDeps, transact } from './outbox/transact.ts';
import { finishErrored } from './protocol/finish.ts';
import { attemptReports } from './reports/reports.ts';

/** Milliseconds from the stop request of a deadline to the forced one. */
const FORCE_AFTER = 30_000;
const MOST_REPORTS = 50;

export type SweepDeps = TransactDeps &
  EnvironmentDeps &
  Pick<ServerDeps, 'bus' | 'fleet' | 'log' | 'logs' | 'metrics' | 'offers'>;

/**
 * Does what time asks for (lost workers, deadlines, due reports), and repeats whatever Redis may have lost. One part that fails
 * stops no other, and one row that fails stops no other row; the next sweep tries again.
 */
export async function sweep(deps: SweepDeps): Promise<void> {
  const parts = {
    'lost workers': endLostAttempts,
    deadlines: enforceDeadlines,
    environments: advanceEnvironments,
    reports: () => transact(deps, (t) => attemptReports(t, MOST_REPORTS)),
    'stop requests': repeatStopRequests,
    offers: makeOffers,
    outbox: () => deps.outbox.drain(),
  };
  await each(deps, 'part', Object.entries(parts), async ([, part]) => part(deps));
}

/** Ends attempts of workers that are silent. Their jobs are retried. */
async function endLostAttempts(deps: SweepDeps): Promise<void> {
  for (const worker of lostWorkers(deps)) {
    const held = await deps.store.read
      .selectFrom('attempts')
      .selectAll()
      .where('worker', '=', worker)
      .where('status', '=', 'running')
      .execute();
    if (held.length > 0) deps.log.warn({ worker, attempts: held.length }, 'lost a worker');
    const areEnded = await each(deps, 'attempt', held, async (attempt) => {
      const size = await deps.logs.seal(attempt.id);
      await transact(deps, (t) => finishErrored(t, attempt, 'its worker was lost', size));
    });
    // Otherwise the worker stays in the fleet, so that the next sweep ends the attempts that are left.
    if (areEnded) forgetWorker(deps, worker);
  }
}

async function enforceDeadlines(deps: SweepDeps): Promise<void> {
  const late = await deps.store.read
    .selectFrom('attempts')
    .selectAll()
    .where('status', '=', 'running')
    .where('deadline', '<=', deps.now())
    .execute();
  await each(deps, 'attempt', late, (attempt) => enforceDeadline(deps, attempt));
}

async function enforceDeadline(deps: SweepDeps, attempt: AttemptRow): Promise<void> {
  const { deadline, started_at } = attempt;
  if (deadline === null || started_at === null) return;
  const minutes = Number(((deadline - started_at) / 60_000).toFixed(2));
  const reason = `it took longer than its ${minutes} minutes`;
  const request = stopRequestOf(attempt);
  if (request === null) await transact(deps, (t) => requestStop(t, attempt, 'time_out', reason));
  else if (request.kind !== 'force' && deadline < deps.now() - FORCE_AFTER)
    await transact(deps, (t) => requestStop(t, attempt, 'force', reason));
}

async function advanceEnvironments(deps: SweepDeps): Promise<void> {
  const rows = await deps.store.read
    .selectFrom('deployments')
    .select(['app', 'environment'])
    .distinct()
    .where('status', 'in', ['waiting', 'starting', 'switching'])
    .union((eb) => eb.selectFrom('environments').select(['app', 'name as environment']).where('dirty', '=', 1))
    .execute();
  await each(deps, 'environment', rows, ({ app, environment }) => advanceEnvironment(deps, app, environment));
}

async function repeatStopRequests(deps: SweepDeps): Promise<void> {
  const rows = await deps.store.read
    .selectFrom('attempts')
    .select(['id', 'worker', 'stop_request'])
    .where('status', '=', 'running')
    .where('stop_request', 'is not', null)
    .execute();
  await each(deps, 'attempt', rows, async (row) => {
    const request = stopRequestOf(row);
    if (row.worker !== null && request !== null)
      await deps.bus.send(row.worker, { kind: 'stop', attempt: row.id, request });
  });
}

/** Handles every item, also after one failed. Returns whether all succeeded. */
async function each<T>(
  { log }: Pick<ServerDeps, 'log'>,
  what: string,
  items: readonly T[],
  work: (item: T) => Promise<void>,
): Promise<boolean> {
  let succeeded = true;
  for (const item of items) {
    try {
      await work(item);
    } catch (error) {
      succeeded = false;
      log.warn({ err: error, [what]: item }, `sweep: cannot handle one ${what}; the next sweep retries`);
    }
  }
  return succeeded;
}
