import type { Row } from '../../deps.ts';
import type { Transaction } from '../outbox/transact.ts';
import { changeRun, type RunChange } from './run-change.ts';

/** The change of the run that this job is part of, and the job in it. */
export async function changeJob(t: Transaction, id: string): Promise<{ change: RunChange; job: Row<'jobs'> }> {
  const { run_id } = await t.sql.selectFrom('jobs').select('run_id').where('id', '=', id).executeTakeFirstOrThrow();
  const change = await changeRun(t, run_id);
  const job = change.jobs.find((other) => other.id === id);
  if (job === undefined) throw new Error(`run ${run_id} has lost its job ${id}`);
  return { change, job };
}
