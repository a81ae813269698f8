import type { Patch, Row } from '../../deps.ts';
import { foldRun } from '../../jobs/run/fold.ts';
import { hasEnded, type JobStatus, jobMoves, mayMove } from '../../jobs/status.ts';
import type { Transaction } from '../outbox/transact.ts';
import { reportRun } from '../reports/reports.ts';
import { presentJob, presentRun } from './present.ts';

/** A run on its way from one rev to the next: what is set here is written, told to readers and reported by `save`. */
export interface RunChange {
  run: Row<'runs'>;
  jobs: Row<'jobs'>[];
  setRun(patch: Patch<'runs'>): void;
  setJob(job: Row<'jobs'>, patch: Patch<'jobs'>): void;
  /** A legal move of a job's status; false, and nothing happens, when it is not one. */
  moveJob(job: Row<'jobs'>, to: JobStatus, patch?: Patch<'jobs'>): boolean;
  save(): Promise<void>;
}

/** Takes the run's next rev, which is also its lock: two transactions that change one run go one after the other. */
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
    if (hasEnded(to)) t.deps.metrics.jobs_finished.inc({ kind: job.kind, status: to });
    return true;
  }

  async function save(): Promise<void> {
    settle(t, { run, jobs, setRun });
    for (const [job, patch] of patches) await t.sql.updateTable('jobs').set(patch).where('id', '=', job.id).execute();
    if (Object.keys(runPatch).length > 0)
      await t.sql.updateTable('runs').set(runPatch).where('id', '=', run.id).execute();
    const changed = [...patches.keys()];
    const data = JSON.stringify({ rev: run.rev, run: presentRun(run), jobs: changed.map((job) => presentJob(job)) });
    await t.sql.insertInto('revisions').values({ run_id: run.id, rev: run.rev, data }).execute();
    await reportRun(t, run, changed);
    t.effects.push({ do: 'wake', channel: `run:${run.id}`, text: String(run.rev) });
  }

  return { run, jobs, setRun, setJob, moveJob, save };
}

/** The run's status follows its jobs'; one that is planned still, or that failed without jobs, has its own. */
function settle(t: Transaction, { run, jobs, setRun }: Pick<RunChange, 'run' | 'jobs' | 'setRun'>): void {
  const status = jobs.length === 0 ? run.status : foldRun(jobs.map(forFold));
  if (run.started_at === null && jobs.some((job) => job.started_at !== null)) setRun({ started_at: t.now });
  if (status !== run.status) setRun({ status });
  if (!hasEnded(status) || run.finished_at !== null) return;
  setRun({ finished_at: t.now, reason: run.reason ?? whyRunEnded(status, jobs) });
  t.deps.metrics.runs_finished.inc({ status });
  const { id, repo, number, workflow, sha, reason } = run;
  t.deps.log.info({ run: id, repo, number, workflow, sha, status, reason }, `run ${status}`);
}

function whyRunEnded(status: JobStatus, jobs: readonly Row<'jobs'>[]): string | null {
  if (status === 'succeeded') return null;
  const job = jobs.find((other) => other.status === status && !(status === 'failed' && other.continue_on_error));
  if (!job) return null;
  return job.reason === null ? `${job.name} ${status.replace('_', ' ')}` : `${job.name}: ${job.reason}`;
}

export function forFold(job: Row<'jobs'>): { status: JobStatus; continue_on_error: boolean } {
  return { status: job.status, continue_on_error: job.continue_on_error === 1 };
}
