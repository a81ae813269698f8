import type { Row } from '../../deps.ts';
import type { PlannedJob } from '../../jobs/run/plan.ts';
import type { Transaction } from '../outbox/transact.ts';
import { runAnnotations, runPayload } from '../stored/columns.ts';
import { advanceRun } from './advance-run.ts';
import { changeRun } from './run-change.ts';
import { insertJobs } from './runs.ts';

/** Starts a run of one job that no workflow file describes, without a delivery or a plan. */
export async function startSingleJobRun(
  t: Transaction,
  run: Partial<Row<'runs'>> & { workflow: string },
  spec: PlannedJob,
  job: Partial<Row<'jobs'>> & { id: string },
): Promise<{ run: string; job: string }> {
  const id = t.newId('run');
  await t.sql
    .insertInto('runs')
    .values({
      number: 0,
      forced: 0,
      ...run,
      id,
      trigger: 'api',
      event: 'api',
      payload: runPayload.write({}),
      status: 'queued',
      annotations: runAnnotations.write([]),
      created_at: t.now,
    })
    .execute();
  const change = await changeRun(t, id);
  change.jobs.push(...(await insertJobs(t, id, [spec], job)));
  await advanceRun(t, change);
  await change.save();
  return { run: id, job: job.id };
}
