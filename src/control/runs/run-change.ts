import type { Patch, Row } from '../../deps.ts';
import { foldRun } from '../../jobs/run/fold.ts';
import { hasEnded, type JobStatus, jobMoves, mayMove } from '../../jobs/status.ts';
import type { Transaction } from '../outbox/transact.ts';
import { reportRun } from '../reports/reports.ts';
import { presentJob, presentRun } from './present.ts';
import { publishRevision } from './revisions.ts';

/** A change of a run from one rev to the next. `save` writes what was set, publishes it to readers and reports it. */
export interface RunChange {
  run: Row<'runs'>;
  jobs: Row<'jobs'>[];
  setRun(patch: Patch<'runs'>): void;
  setJob(job: Row<'jobs'>, patch: Patch<'jobs'>): void;
  /** Moves a job to another status. False, and nothing changes, when the move is illegal. */
  moveJob(job: Row<'jobs'>, to: JobStatus, patch?: Patch<'jobs'>): boolean;
  save(): Promise<void>;
}

/** Starts a change of a run by taking its next rev, which also locks the run until the transaction ends. */
export async function changeRun(t: Transaction, id: string): Promise<RunChange> {
  const run = await t.sql
    .updateTable('runs')
    .set((eb) => ({ rev: eb('rev', '+', 1) }))
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow();
  const jobs = await t.sql.selectFrom('jobs').selectAll().where('run_id', '=', id).orderBy('position').execute();
  const patches = new Map<Row<'jobs'>, Patch<'jobs'>>();
  const runPatch: Patch<'runs'> = {};

  function setRun(patch: Patch<'runs'>): void {
    Object.assign(run, patch);
    Object.assign(runPatch, patch);
  }

  function setJob(job: Row<'jobs'>, patch: Patch<'jobs'>): void {
    Object.assign(job, patch);
    patches.set(job, { ...patches.get(job), ...patch });
  }

  function moveJob(job: Row<'jobs'>, to: JobStatus, patch: Patch<'jobs'> = {}): boolean {
    if (!mayMove(jobMoves, job.status, to)) return false;
    const times: Patch<'jobs'> = hasEnded(to) ? { finished_at: t.now } : to === 'queued' ? { queued_at: t.now } : {};
    setJob(job, { ...times, ...patch, status: to });
    if (hasEnded(to)) t.onCommit(({ metrics }) => metrics.jobs_finished.inc({ kind: job.kind, status: to }));
    return true;
  }

  async function save(): Promise<void> {
    foldStatus(t, { run, jobs, setRun });
    for (const [job, patch] of patches) await t.sql.updateTable('jobs').set(patch).where('id', '=', job.id).execute();
    if (Object.keys(runPatch).length > 0)
      await t.sql.updateTable('runs').set(runPatch).where('id', '=', run.id).execute();
    const changed = [...patches.keys()];
    await publishRevision(t, run, {
      run: presentRun(run),
      jobs: [...patches].map(([job, patch]) => ({
        ...presentJob(job),
        ...(patch.started_attempt !== undefined && { steps: [], annotations: [] }),
      })),
    });
    await reportRun(t, run, changed);
  }

  return { run, jobs, setRun, setJob, moveJob, save };
}

/** Starts a change of the run that a job belongs to. */
export async function changeJob(t: Transaction, id: string): Promise<{ change: RunChange; job: Row<'jobs'> }> {
  const { run_id } = await t.sql.selectFrom('jobs').select('run_id').where('id', '=', id).executeTakeFirstOrThrow();
  const change = await changeRun(t, run_id);
  const job = change.jobs.find((other) => other.id === id);
  if (job === undefined) throw new Error(`job ${id} is missing from its run ${run_id}`);
  return { change, job };
}

/** Sets the run's status to the fold of its jobs' statuses. A run without jobs keeps its status: its plan is missing or failed. */
function foldStatus(t: Transaction, { run, jobs, setRun }: Pick<RunChange, 'run' | 'jobs' | 'setRun'>): void {
  const status = jobs.length === 0 ? run.status : foldRun(jobs.map(forFold));
  if (run.started_at === null && jobs.some((job) => job.started_at !== null)) setRun({ started_at: t.now });
  if (status !== run.status) setRun({ status });
  if (!hasEnded(status) || run.finished_at !== null) return;
  setRun({ finished_at: t.now, reason: run.reason ?? endReason(status, jobs) });
  const { id, repo, number, workflow, sha, reason } = run;
  t.onCommit(({ metrics, log }) => {
    metrics.runs_finished.inc({ status });
    log.info({ run: id, repo, number, workflow, sha, status, reason }, `run ${status}`);
  });
}

/** Names the first job with the run's status. Null for a run that succeeded. */
function endReason(status: JobStatus, jobs: readonly Row<'jobs'>[]): string | null {
  if (status === 'succeeded') return null;
  const job = jobs.find((other) => other.status === status && !(status === 'failed' && other.continue_on_error));
  if (!job) return null;
  return job.reason === null ? `${job.name} ${status.replace('_', ' ')}` : `${job.name}: ${job.reason}`;
}

export function forFold(job: Row<'jobs'>): { status: JobStatus; continue_on_error: boolean } {
  return { status: job.status, continue_on_error: job.continue_on_error === 1 };
}
