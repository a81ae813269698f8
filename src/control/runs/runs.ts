import type { Row } from '../../deps.ts';
import type { PlannedJob } from '../../jobs/run/plan.ts';
import type { Trigger } from '../../jobs/run/trigger.ts';
import type { Transaction } from '../outbox/transact.ts';
import { jobNeeds, jobOutputs, jobSpec, runAnnotations, runPayload } from '../stored/columns.ts';

/** Inserts a run without jobs, which its plan adds. Returns its id. */
export async function insertRun(
  t: Transaction,
  delivery: Row<'deliveries'>,
  trigger: Trigger,
  sha: string | null,
): Promise<string> {
  const id = t.newId('run');
  await t.sql
    .insertInto('runs')
    .values({
      id,
      number: delivery.repo_id === null ? 0 : await nextRunNumber(t, delivery.repo_id),
      repo_id: delivery.repo_id,
      repo: delivery.repo,
      delivery_id: delivery.id,
      workflow: delivery.workflow ?? '',
      trigger: trigger.kind,
      event: trigger.event,
      ref: trigger.ref,
      branch: branchOf(trigger),
      sha,
      actor: trigger.actor,
      forced: trigger.forced ? 1 : 0,
      payload_blob: delivery.payload_blob,
      payload: runPayload.write(trigger.payload),
      base_ref: trigger.base_ref,
      head_ref: trigger.head_ref,
      status: 'queued',
      annotations: runAnnotations.write([]),
      created_at: t.now,
    })
    .execute();
  return id;
}

/** Takes the next number of a run in this repository, from 1. */
export async function nextRunNumber(t: Pick<Transaction, 'sql'>, repo_id: string): Promise<number> {
  const { next_run_number } = await t.sql
    .updateTable('repos')
    .set((eb) => ({ next_run_number: eb('next_run_number', '+', 1) }))
    .where('id', '=', repo_id)
    .returning('next_run_number')
    .executeTakeFirstOrThrow();
  return next_run_number - 1;
}

/** The branch that was pushed, or the source branch of a pull request. */
function branchOf(trigger: Trigger): string | null {
  if (trigger.head_ref !== null) return trigger.head_ref;
  return trigger.ref.startsWith('refs/heads/') ? trigger.ref.slice('refs/heads/'.length) : null;
}

/** Inserts the jobs of a run, all waiting, in the order of the plan. `more` are columns that the plan does not set. */
export function insertJobs(
  t: Transaction,
  run_id: string,
  planned: readonly PlannedJob[],
  more: Partial<Row<'jobs'>> = {},
): Promise<Row<'jobs'>[]> {
  const rows = planned.map((job, position) => ({
    id: t.newId('job'),
    ...more,
    run_id,
    position,
    key: job.key,
    base: job.base,
    name: job.name,
    kind: job.kind,
    lane: job.kind === 'task' ? ('test' as const) : job.kind,
    status: 'waiting' as const,
    continue_on_error: job.continue_on_error === 'true' ? 1 : 0,
    needs: jobNeeds.write(job.needs),
    spec: jobSpec.write(job),
    outputs: jobOutputs.write({}),
    created_at: t.now,
  }));
  return t.sql.insertInto('jobs').values(rows).returningAll().execute();
}
