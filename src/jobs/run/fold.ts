import type { JobStatus, RunStatus } from '../status.ts';

const UNFINISHED = ['running', 'queued', 'waiting'] as const satisfies JobStatus[];
const FINISHED = ['failed', 'timed_out', 'errored', 'cancelled', 'succeeded', 'skipped'] as const satisfies JobStatus[];

/** A run's status is its jobs': the first of the list that any of them has. A run without jobs is still being planned. */
export function foldRun(jobs: readonly { status: JobStatus; continue_on_error: boolean }[]): RunStatus {
  const seen = new Set(
    jobs.map((job) => (job.status === 'failed' && job.continue_on_error ? 'succeeded' : job.status)),
  );
  return [...UNFINISHED, ...FINISHED].find((status) => seen.has(status)) ?? 'queued';
}

/** What `needs.<job>.result` says of a job, or of all cells of its matrix. */
export type NeedResult = 'success' | 'failure' | 'cancelled' | 'skipped';

export function foldNeed(cells: readonly { status: JobStatus; continue_on_error: boolean }[]): NeedResult {
  const status = foldRun(cells);
  if (status === 'succeeded') return 'success';
  if (status === 'cancelled' || status === 'skipped') return status;
  return 'failure';
}
