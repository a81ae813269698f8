import type { Row } from '../../deps.ts';
import type { Finished } from '../../jobs/protocol/event.ts';
import { judge } from '../../jobs/run/judge.ts';
import type { Plan, PlannedRun } from '../../jobs/run/plan.ts';
import { Trigger } from '../../jobs/run/trigger.ts';
import { hasEnded } from '../../jobs/status.ts';
import { type AttemptRow, newAttempt } from '../attempts/attempts.ts';
import type { Transaction } from '../outbox/transact.ts';
import { advanceRun } from './advance-run.ts';
import { changeRun } from './run-change.ts';
import { insertJobs, insertRun } from './runs.ts';

/** A plan becomes runs; a repository that could not be read is a run too, so that nobody waits for an answer that never comes. */
export async function finishPlan(t: Transaction, attempt: AttemptRow, { verdict, plan }: Finished): Promise<void> {
  const delivery = await t.sql
    .selectFrom('deliveries')
    .selectAll()
    .where('id', '=', attempt.subject_id)
    .executeTakeFirstOrThrow();
  const judgement = judge({ verdict, errors: attempt.number - 1, cancel_reason: null, done: false });
  if (judgement.next === 'retry' && delivery.status === 'received') {
    const { number, subject_id } = attempt;
    await newAttempt(t, { subject: 'delivery', subject_id, number: number + 1, lane: 'plan', delay: judgement.delay });
    return;
  }
  if (delivery.status !== 'received') return;
  if (plan && judgement.next === 'end' && judgement.status === 'succeeded') await layDown(t, delivery, plan);
  else await layDown(t, delivery, unreadable(delivery, judgement.reason ?? 'it could not be planned'), 'failed');
}

function unreadable(delivery: Row<'deliveries'>, reason: string): Plan {
  const run: PlannedRun = { workflow: 'gantry', path: '', failure: reason, app: null, annotations: [], jobs: [] };
  return { sha: delivery.sha, message: null, runs: [run], ignored: [], reason };
}

async function layDown(
  t: Transaction,
  delivery: Row<'deliveries'>,
  plan: Plan,
  status: 'planned' | 'failed' = 'planned',
): Promise<void> {
  const prepared = delivery.run_id === null ? null : await prepare(t, delivery.run_id, plan);
  const runs = prepared?.cancelled ? [] : plan.runs;
  const trigger = Trigger.parse(JSON.parse(delivery.trigger ?? 'null'));
  for (const [index, planned] of runs.entries()) {
    const id = index === 0 && prepared !== null ? prepared.id : await insertRun(t, delivery, trigger, plan.sha);
    await fill(t, id, planned, plan.sha);
  }
  const nothing = runs.length === 0;
  await t.sql
    .updateTable('deliveries')
    .set({
      status: nothing ? 'ignored' : status,
      reason: nothing ? whyNothing(plan) : plan.reason,
      sha: plan.sha ?? delivery.sha,
    })
    .where('id', '=', delivery.id)
    .execute();
}

/** The run that was promised to whoever asked for one. */
async function prepare(t: Transaction, id: string, plan: Plan): Promise<{ id: string; cancelled: boolean }> {
  const change = await changeRun(t, id);
  const cancelled = hasEnded(change.run.status);
  if (plan.runs.length === 0 && !cancelled) {
    change.setRun({ status: 'skipped', reason: whyNothing(plan) });
  }
  await change.save();
  return { id, cancelled };
}

async function fill(t: Transaction, id: string, planned: PlannedRun, sha: string | null): Promise<void> {
  const change = await changeRun(t, id);
  if (hasEnded(change.run.status)) return;
  change.setRun({
    sha,
    workflow: planned.workflow,
    path: planned.path === '' ? null : planned.path,
    app: planned.app,
    annotations: JSON.stringify(planned.annotations),
  });
  if (planned.failure !== null) change.setRun({ status: 'failed', reason: planned.failure });
  else {
    change.jobs.push(...(await insertJobs(t, id, planned.jobs)));
    await advanceRun(t, change);
  }
  await change.save();
}

function whyNothing(plan: Plan): string {
  if (plan.reason !== null) return plan.reason;
  if (plan.ignored.length === 0) return 'the repository has no workflow, and none of the shipped ones fits';
  return plan.ignored.map(({ path, reason }) => `${path}: ${reason}`).join('; ');
}
