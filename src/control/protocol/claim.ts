import type { ServerDeps } from '../../deps.ts';
import type { Claim } from '../../jobs/protocol/message.ts';
import { PlannedJob } from '../../jobs/run/plan.ts';
import { type Transaction, transact } from '../outbox/transact.ts';
import { changeJob } from '../runs/job-change.ts';
import { type AttemptRow, endAttempt } from '../attempts/attempts.ts';
import { finish } from './finish.ts';
import { grantFor } from './grant.ts';

/** Gives an attempt to the first worker that claims it, and again to that one with the same nonce; everyone else is denied. */
export async function onClaim(deps: ServerDeps, claim: Claim): Promise<void> {
  const attempt = await transact(deps, (t) => take(t, claim));
  if (attempt === null) {
    await deps.bus.tell(claim.worker, { kind: 'denied', attempt: claim.attempt, nonce: claim.nonce });
    return;
  }
  if (!deps.fleet.has(claim.worker)) deps.fleet.set(claim.worker, { heartbeat: null, heard_at: deps.now() });
  try {
    const binding = `${claim.attempt}:${claim.worker}:${claim.nonce}`;
    await deps.bus.grant(claim.worker, claim.attempt, deps.envelope.seal(binding, await grantFor(deps, attempt)));
  } catch (error) {
    await endUngrantable(deps, attempt, error as Error);
  }
}

async function take(t: Transaction, { attempt: id, worker, nonce }: Claim): Promise<AttemptRow | null> {
  const attempt = await t.sql.selectFrom('attempts').selectAll().where('id', '=', id).executeTakeFirst();
  if (!attempt || attempt.status === 'ended') return null;
  if (attempt.status === 'running') return attempt.worker === worker && attempt.nonce === nonce ? attempt : null;
  const started = await start(t, attempt);
  if (!started) return null;
  return await t.sql
    .updateTable('attempts')
    .set({ status: 'running', worker, nonce, started_at: t.now, deadline: started.deadline })
    .where('id', '=', id)
    .where('status', '=', 'offered')
    .returningAll()
    .executeTakeFirstOrThrow();
}

/** What begins with an attempt's subject; null when it is not to begin any more. */
async function start(t: Transaction, attempt: AttemptRow): Promise<{ deadline: number | null } | null> {
  if (attempt.subject === 'report')
    await t.sql
      .updateTable('reports')
      .set((eb) => ({ granted: eb.ref('desired') }))
      .where('key', '=', attempt.subject_id)
      .execute();
  if (attempt.subject !== 'job') return { deadline: null };
  const { change, job } = await changeJob(t, attempt.subject_id);
  const afresh = { started_at: job.started_at ?? t.now, reason: null, steps: '[]', annotations: '[]' };
  if (!change.moveJob(job, 'running', afresh)) return null;
  await change.save();
  if (job.queued_at !== null) t.deps.metrics.job_wait.observe({ lane: job.lane }, (t.now - job.queued_at) / 1000);
  return { deadline: t.now + PlannedJob.parse(JSON.parse(job.spec)).timeout_minutes * 60_000 };
}

/** A grant that cannot be made will not be made by asking again. */
async function endUngrantable(deps: ServerDeps, attempt: AttemptRow, error: Error): Promise<void> {
  deps.log.error({ err: error, attempt: attempt.id }, 'an attempt cannot be granted');
  const verdict = { status: 'errored' as const, reason: `it cannot be started: ${error.message}`, exit_code: null };
  await transact(deps, async (t) => {
    if (await endAttempt(t, attempt, verdict, null)) await finish(t, attempt, { verdict, outputs: {}, log_size: 0 });
  });
}
