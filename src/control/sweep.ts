import type { ServerDeps } from '../deps.ts';
import { environmentId } from '../jobs/deploy/environment.ts';
import { OPEN_DEPLOYMENT } from '../jobs/status.ts';
import { type AttemptRow, requestStop, stopRequestOf } from './attempts/attempts.ts';
import { forgetWorker, lostWorkers } from './attempts/fleet.ts';
import { makeOffers } from './attempts/offers.ts';
import { advanceEnvironment, type EnvironmentDeps } from './environments/environments.ts';
import { type TransactDeps, transact } from './outbox/transact.ts';
import { finishErrored } from './protocol/finish.ts';
import { startReports } from './reports/reports.ts';

/** Milliseconds from a deadline, and its stop request `time_out`, to the stop request `force`. */
const FORCE_AFTER = 30_000;
/** Reports that one sweep starts to send. */
const MOST_REPORTS = 50;

export type SweepDeps = TransactDeps &
  EnvironmentDeps &
  Pick<ServerDeps, 'bus' | 'fleet' | 'log' | 'logs' | 'metrics' | 'offers'>;

/**
 * Does what is due (lost workers, deadlines, reports) and repeats what Redis may have lost. When a part or a row fails, the others
 * are still handled, and the next sweep retries. `at` is a reading of the monotonic clock, by which workers count as lost.
 */
export async function sweep(deps: SweepDeps, at: number): Promise<void> {
  const parts = [
    { id: 'lost workers', run: () => endLostAttempts(deps, at) },
    { id: 'deadlines', run: enforceDeadlines },
    { id: 'environments', run: advanceEnvironments },
    { id: 'reports', run: () => transact(deps, (t) => startReports(t, MOST_REPORTS)) },
    { id: 'stop requests', run: repeatStopRequests },
    { id: 'offers', run: makeOffers },
    { id: 'outbox', run: () => deps.outbox.drain() },
  ];
  await each(deps, 'part', parts, ({ run }) => run(deps));
}

/** Ends the attempts of lost workers as errored, so that their jobs are retried. */
async function endLostAttempts(deps: SweepDeps, at: number): Promise<void> {
  for (const worker of lostWorkers(deps, at)) {
    const held = await deps.store.read
      .selectFrom('attempts')
      .selectAll()
      .where('worker', '=', worker)
      .where('status', '=', 'running')
      .execute();
    if (held.length > 0) deps.log.warn({ worker, attempts: held.length }, 'worker lost; its attempts end as errored');
    const allEnded = await each(deps, 'attempt', held, async (attempt) => {
      const size = await deps.logs.seal(attempt.id);
      await transact(deps, (t) => finishErrored(t, attempt, 'its worker was lost', size));
    });
    // Otherwise the worker stays in the fleet, so that the next sweep ends the attempts that are left.
    if (allEnded) forgetWorker(deps, worker);
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
  const reason = `it ran longer than ${minutes} min`;
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
    .where('status', 'in', OPEN_DEPLOYMENT)
    .union((eb) => eb.selectFrom('environments').select(['app', 'name as environment']).where('dirty', '=', 1))
    .execute();
  const environments = rows.map((row) => ({ ...row, id: environmentId(row.app, row.environment) }));
  await each(deps, 'environment', environments, ({ app, environment }) => advanceEnvironment(deps, app, environment));
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

/** Handles every item, also after one that failed. Returns whether all succeeded. */
async function each<T extends { id: string }>(
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
      log.warn({ err: error, [what]: item.id }, `sweep: ${what} failed; the next sweep retries`);
    }
  }
  return succeeded;
}
