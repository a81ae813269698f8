import type { ServerDeps } from '../deps.ts';
import { endAttempt, requestStop, stopRequestOf } from './attempts/attempts.ts';
import { finish } from './protocol/finish.ts';
import { forget, lostWorkers } from './attempts/fleet.ts';
import { makeOffers } from './attempts/offers.ts';
import { advanceEnvironment } from './environments/environments.ts';
import { drainOutbox } from './outbox/outbox.ts';
import { transact } from './outbox/transact.ts';
import { attemptReports } from './reports/reports.ts';

/** Milliseconds from the stop request of a deadline to the forced one. */
const FORCE_AFTER = 30_000;
const MOST_REPORTS = 50;

/** What time brings: deadlines, lost workers, reports that are due, and everything in Redis once more. */
export async function sweep(deps: ServerDeps): Promise<void> {
  await endLostAttempts(deps);
  await callTime(deps);
  await reopenEnvironments(deps);
  await transact(deps, (t) => attemptReports(t, MOST_REPORTS));
  await mirrorStopRequests(deps);
  await makeOffers(deps);
  await drainOutbox(deps);
}

/** Attempts of workers that are silent, or that nobody here has heard of, end; their jobs get another one. */
async function endLostAttempts(deps: ServerDeps): Promise<void> {
  for (const worker of lostWorkers(deps)) {
    const held = await deps.store.read
      .selectFrom('attempts')
      .selectAll()
      .where('worker', '=', worker)
      .where('status', '=', 'running')
      .execute();
    if (held.length > 0) deps.log.warn({ worker, attempts: held.length }, 'a worker was lost');
    for (const attempt of held) {
      const size = await deps.logs.seal(attempt.id);
      const verdict = { status: 'errored' as const, reason: 'its worker was lost', exit_code: null };
      await transact(deps, async (t) => {
        if (await endAttempt(t, attempt, verdict, size))
          await finish(t, attempt, { verdict, outputs: {}, log_size: size });
      });
    }
    forget(deps, worker);
  }
}

async function callTime(deps: ServerDeps): Promise<void> {
  const now = deps.now();
  const late = await deps.store.read
    .selectFrom('attempts')
    .selectAll()
    .where('status', '=', 'running')
    .where('deadline', '<=', now)
    .execute();
  for (const attempt of late) {
    const { deadline, started_at } = attempt;
    if (deadline === null || started_at === null) continue;
    const minutes = Number(((deadline - started_at) / 60_000).toFixed(2));
    const reason = `it took longer than its ${minutes} minutes`;
    const request = stopRequestOf(attempt);
    if (request === null) await transact(deps, (t) => requestStop(t, attempt, 'time_out', reason));
    else if (request.kind !== 'force' && deadline < now - FORCE_AFTER)
      await transact(deps, (t) => requestStop(t, attempt, 'force', reason));
  }
}

async function reopenEnvironments(deps: ServerDeps): Promise<void> {
  const rows = await deps.store.read
    .selectFrom('deployments')
    .select(['app', 'environment'])
    .distinct()
    .where('status', 'in', ['waiting', 'starting', 'switching'])
    .union((eb) => eb.selectFrom('environments').select(['app', 'name as environment']).where('dirty', '=', 1))
    .execute();
  for (const { app, environment } of rows) await advanceEnvironment(deps, app, environment);
}

/** Redis may have been emptied: stop requests of running attempts are stored there again. */
async function mirrorStopRequests(deps: ServerDeps): Promise<void> {
  const rows = await deps.store.read
    .selectFrom('attempts')
    .select(['id', 'worker', 'stop_request'])
    .where('status', '=', 'running')
    .where('stop_request', 'is not', null)
    .execute();
  for (const { id, worker, stop_request } of rows)
    if (worker !== null && stop_request !== null) await deps.bus.requestStop(worker, id, stop_request);
}
