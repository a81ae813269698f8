import type { ServerDeps } from '../../deps.ts';
import { messageOf } from '../../error.ts';
import type { Claim } from '../../jobs/protocol/message.ts';
import type { AttemptRow } from '../attempts/attempts.ts';
import { addWorker } from '../attempts/fleet.ts';
import { type TransactDeps, type Transaction, transact } from '../outbox/transact.ts';
import { changeJob } from '../runs/run-change.ts';
import { jobSpec } from '../stored/columns.ts';
import { finishErrored } from './finish.ts';
import { type GrantDeps, grantFor } from './grant.ts';

type ClaimDeps = TransactDeps & GrantDeps & Pick<ServerDeps, 'bus' | 'envelope' | 'fleet' | 'monotonic'>;

/** Grants an attempt to the first worker that claims it, and again to that worker with the same nonce; denies everyone else. */
export async function onClaim(deps: ClaimDeps, claim: Claim): Promise<void> {
  const attempt = await transact(deps, (t) => take(t, claim));
  if (attempt === null) {
    await deps.bus.send(claim.worker, { kind: 'denied', attempt: claim.attempt, nonce: claim.nonce });
    return;
  }
  addWorker(deps, claim.worker);
  const grant = await grantFor(deps, attempt).catch((error: unknown) => endUngrantable(deps, attempt, error));
  if (grant === null) return;
  const sealed = deps.envelope.seal(`${claim.attempt}:${claim.worker}:${claim.nonce}`, grant);
  await deps.bus.send(claim.worker, { kind: 'granted', attempt: claim.attempt, sealed });
}

async function take(t: Transaction, { attempt: id, worker, nonce }: Claim): Promise<AttemptRow | null> {
  const attempt = await t.sql.selectFrom('attempts').selectAll().where('id', '=', id).executeTakeFirst();
  if (!attempt || attempt.status === 'ended') return null;
  if (attempt.status === 'running') return attempt.worker === worker && attempt.nonce === nonce ? attempt : null;
  const started = await startSubject(t, attempt);
  if (!started) return null;
  return t.sql
    .updateTable('attempts')
    .set({ status: 'running', worker, nonce, started_at: t.now, deadline: started.deadline })
    .where('id', '=', id)
    .where('status', '=', 'offered')
    .returningAll()
    .executeTakeFirstOrThrow();
}

/** Null when the subject can no longer start. `deadline` is in milliseconds since 1970. */
async function startSubject(t: Transaction, attempt: AttemptRow): Promise<{ deadline: number | null } | null> {
  if (attempt.subject === 'report')
    await t.sql
      .updateTable('reports')
      .set((eb) => ({ granted: eb.ref('desired') }))
      .where('key', '=', attempt.subject_id)
      .execute();
  if (attempt.subject !== 'job') return { deadline: null };
  const { change, job } = await changeJob(t, attempt.subject_id);
  const started = { started_at: job.started_at ?? t.now, reason: null, started_attempt: attempt.number };
  if (!change.moveJob(job, 'running', started)) return null;
  await change.save();
  const { lane, queued_at } = job;
  if (queued_at !== null) t.onCommit(({ metrics }) => metrics.job_wait.observe({ lane }, (t.now - queued_at) / 1000));
  return { deadline: t.now + jobSpec.read(job).timeout_minutes * 60_000 };
}

/** Repeating the claim cannot help, so the attempt ends. */
async function endUngrantable(
  deps: TransactDeps & Pick<ServerDeps, 'log'>,
  attempt: AttemptRow,
  error: unknown,
): Promise<null> {
  deps.log.error({ err: error, attempt: attempt.id }, 'cannot make grant; the attempt ends as errored');
  await transact(deps, (t) => finishErrored(t, attempt, `cannot start: ${messageOf(error)}`));
  return null;
}
