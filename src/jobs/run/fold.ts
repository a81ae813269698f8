import type { JobStatus, RunStatus } from '../status.ts';

const UNFINISHED = ['running', 'queued', 'waiting'] as const satisfies JobStatus[];
const FINISHED = ['failed', 'timed_out', 'errored', 'cancelled', 'succeeded', 'skipped'] as const satisfies JobStatus[];

/** The first status in these lists that a job has. A run without jobs is still being planned: `queued`. */
export function foldRun(jobs: readonly { status: JobStatus; continue_on_error: boolean }[]): RunStatus {
  const seen = new Set(
    jobs.map((job) => (job.status === 'failed' && job.continue_on_error ? 'succeeded' : job.status)),
  );
  return [...UNFINISHED, ...FINISHED].find((status) => seen.has(status)) ?? 'queued';
}

/** `needs.<job>.result` of a job, or of all cells of its matrix. */
export type NeedResult = 'success' | 'failure' | 'cancelled' | 'skipped';

export function foldNeed(cells: readonly { status: JobStatus; continue_on_error: boolean }[]): NeedResult {
  const status = foldRun(cells);
  if (status === 'succeeded') return 'success';
  if (status === 'cancelled' || status === 'skipped') return status;
  return 'failure';
}
