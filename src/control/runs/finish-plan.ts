import type { Row } from '../../deps.ts';
import type { Finished } from '../../jobs/protocol/event.ts';
import { decideRetry } from '../../jobs/protocol/verdict.ts';
import type { Plan, PlannedRun } from '../../jobs/run/plan.ts';
import { type AttemptRow, earlierErrors, newAttempt } from '../attempts/attempts.ts';
import type { Transaction } from '../outbox/transact.ts';
import { deliveryTrigger, runAnnotations } from '../stored/columns.ts';
import { advanceRun } from './advance-run.ts';
import { changeRun } from './run-change.ts';
import { insertJobs, insertRun } from './runs.ts';

/** Turns a plan into runs. A plan that could not be made becomes a failed run, which shows the reason. */
export async function finishPlan(t: Transaction, attempt: AttemptRow, { verdict, plan }: Finished): Promise<void> {
  const delivery = await t.sql
    .selectFrom('deliveries')
    .selectAll()
    .where('id', '=', attempt.subject_id)
    .executeTakeFirstOrThrow();
  // Cancelling the run before it was planned has already closed its delivery.
  if (delivery.status !== 'received') return;
  const errors = await earlierErrors(t, attempt);
  const decision = decideRetry({ verdict, errors, cancel_reason: null, irreversible: false });
  if (decision.next === 'retry') {
    await newAttempt(t, { subject: 'delivery', subject_id: delivery.id, lane: 'plan', delay: decision.delay });
    return;
  }
  if (plan && decision.status === 'succeeded') await insertRuns(t, delivery, plan, 'planned');
  else await insertRuns(t, delivery, failedPlan(delivery, decision.reason), 'failed');
}

function failedPlan(delivery: Row<'deliveries'>, reason: string | null): Plan {
  const failure = reason ?? 'the workflows could not be planned';
  const run: PlannedRun = { workflow: 'gantry', path: '', failure, app: null, annotations: [], jobs: [] };
  return { sha: delivery.sha, message: null, runs: [run], ignored: [], reason: failure };
}

async function insertRuns(
  t: Transaction,
  delivery: Row<'deliveries'>,
  plan: Plan,
  status: 'planned' | 'failed',
): Promise<void> {
  const trigger = deliveryTrigger.read(delivery);
  for (const [index, planned] of plan.runs.entries()) {
    // `POST /runs` has already inserted the first run.
    const made = index === 0 ? delivery.run_id : null;
    await fillRun(t, made ?? (await insertRun(t, delivery, trigger, plan.sha)), planned, plan.sha);
  }
  const isEmpty = plan.runs.length === 0;
  if (isEmpty && delivery.run_id !== null) await skipRun(t, delivery.run_id, reasonForNoRuns(plan));
  await t.sql
    .updateTable('deliveries')
    .set({
      status: isEmpty ? 'ignored' : status,
      reason: isEmpty ? reasonForNoRuns(plan) : plan.reason,
      sha: plan.sha ?? delivery.sha,
    })
    .where('id', '=', delivery.id)
    .execute();
}

async function skipRun(t: Transaction, id: string, reason: string): Promise<void> {
  const change = await changeRun(t, id);
  change.setRun({ status: 'skipped', reason });
  await change.save();
}

async function fillRun(t: Transaction, id: string, planned: PlannedRun, sha: string | null): Promise<void> {
  const change = await changeRun(t, id);
  change.setRun({
    sha,
    workflow: planned.workflow,
    path: planned.path === '' ? null : planned.path,
    app: planned.app,
    annotations: runAnnotations.write(planned.annotations),
  });
  if (planned.failure !== null) change.setRun({ status: 'failed', reason: planned.failure });
  else {
    change.jobs.push(...(await insertJobs(t, id, planned.jobs)));
    await advanceRun(t, change);
  }
  await change.save();
}

function reasonForNoRuns(plan: Plan): string {
  if (plan.reason !== null) return plan.reason;
  if (plan.ignored.length === 0) return 'the repository has no workflow, and no shipped workflow matches its files';
  return plan.ignored.map(({ path, reason }) => `${path}: ${reason}`).join('; ');
}
