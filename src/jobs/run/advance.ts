import { messageOf } from '../../error.ts';
import { hasEnded, type JobStatus } from '../status.ts';
import { foldNeed, foldRun } from './fold.ts';
import type { Contexts, PlannedJob } from './plan.ts';

/** The properties of a job that decide its next move. */
export interface GraphJob {
  id: string;
  status: JobStatus;
  spec: Pick<PlannedJob, 'base' | 'name' | 'needs' | 'if' | 'strategy' | 'matrix'>;
  continue_on_error: boolean;
  outputs: Record<string, string>;
}

export interface GraphRun {
  jobs: readonly GraphJob[];
  /** The contexts that a condition may read, except `needs`. */
  contexts: Contexts;
  /** Cancellation was requested: a job starts only if its condition says so (`always()`, `cancelled()`). */
  cancelled: boolean;
}

/** What a job does next: start, end without starting, or, if it is running, stop. */
export type JobMove =
  | { job: string; to: 'queued' }
  | { job: string; to: 'skipped' | 'cancelled' | 'failed'; reason: string }
  | { job: string; to: 'stop'; reason: string };

/** Evaluates a job's `if`; throws when that is not possible. */
export type EvaluateCondition = (expression: string, contexts: Contexts, prior: PriorStatus) => boolean;

/** The combined result of all jobs before a job. `skipped` means that no job failed, but not all succeeded. */
export type PriorStatus = 'succeeded' | 'failed' | 'cancelled' | 'skipped';

/** Statuses as predicates in reasons. */
const STATUS_TEXT = {
  waiting: 'is still waiting',
  queued: 'is still queued',
  running: 'is still running',
  succeeded: 'succeeded',
  failed: 'failed',
  errored: 'errored',
  timed_out: 'timed out',
  cancelled: 'was cancelled',
  skipped: 'was skipped',
} as const satisfies Record<JobStatus, string>;

/** Returns all moves that the graph allows now. They can allow further moves, so call it again until there are none. */
export function advance(run: GraphRun, evaluate: EvaluateCondition): JobMove[] {
  const stops = failFast(run.jobs);
  const stopped = new Set(stops.map((stop) => stop.job));
  const moves = run.jobs
    .filter((job) => job.status === 'waiting' && !stopped.has(job.id))
    .flatMap((job) => moveWaiting(job, run, evaluate));
  return [...stops, ...limitParallel(run.jobs, moves)];
}

/** A failed cell ends the other cells of its matrix, unless `fail-fast` is false. */
function failFast(jobs: readonly GraphJob[]): JobMove[] {
  return jobs.flatMap((job) => {
    if (hasEnded(job.status) || job.spec.matrix === null || !job.spec.strategy.fail_fast) return [];
    const failed = jobs.find((other) => other.spec.base === job.spec.base && failsMatrix(other));
    if (failed === undefined) return [];
    const reason = `${failed.spec.name} ${STATUS_TEXT[failed.status]}, and the matrix has \`fail-fast\``;
    return [{ job: job.id, to: job.status === 'running' ? ('stop' as const) : ('cancelled' as const), reason }];
  });
}

function failsMatrix(job: GraphJob): boolean {
  return ['failed', 'timed_out', 'errored'].includes(job.status) && !job.continue_on_error;
}

function moveWaiting(job: GraphJob, run: GraphRun, evaluate: EvaluateCondition): JobMove[] {
  const needs = job.spec.needs.map((base) => ({ base, cells: cellsOf(base, run.jobs) }));
  if (!needs.every(({ cells }) => cells.every((cell) => hasEnded(cell.status)))) return [];
  const results = needs.map(({ base, cells }) => [base, { result: foldNeed(cells), outputs: mergeOutputs(cells) }]);
  const contexts: Contexts = { ...run.contexts, needs: Object.fromEntries(results) };
  try {
    if (evaluate(job.spec.if, contexts, priorStatus(job, run))) return [{ job: job.id, to: 'queued' }];
  } catch (error) {
    return [{ job: job.id, to: 'failed', reason: `its condition cannot be evaluated: ${messageOf(error)}` }];
  }
  if (run.cancelled) return [{ job: job.id, to: 'cancelled', reason: 'the run was cancelled' }];
  return [{ job: job.id, to: 'skipped', reason: skipReason(job, run, contexts, evaluate) }];
}

/** As on GitHub, a failed or skipped job counts for all jobs that depend on it, even if the jobs in between succeeded. */
function priorStatus(job: GraphJob, run: GraphRun): PriorStatus {
  if (run.cancelled) return 'cancelled';
  const results = ancestors(job, run.jobs).map((base) => foldNeed(cellsOf(base, run.jobs)));
  if (results.includes('failure')) return 'failed';
  return results.every((result) => result === 'success') ? 'succeeded' : 'skipped';
}

/** Names the job that did not succeed, or the condition if it would be false even if all jobs had succeeded. */
function skipReason(job: GraphJob, run: GraphRun, contexts: Contexts, evaluate: EvaluateCondition): string {
  const blocker = [...job.spec.needs, ...ancestors(job, run.jobs)].find(
    (base) => foldNeed(cellsOf(base, run.jobs)) !== 'success',
  );
  if (blocker === undefined || !isTrueAfterSuccess(job.spec.if, contexts, evaluate))
    return `its condition \`${job.spec.if}\` is false`;
  return `${blocker} ${STATUS_TEXT[foldRun(cellsOf(blocker, run.jobs))]}`;
}

/** Also true for a condition that throws: it was not evaluated before, so it is not the reason for the skip. */
function isTrueAfterSuccess(expression: string, contexts: Contexts, evaluate: EvaluateCondition): boolean {
  try {
    return evaluate(expression, contexts, 'succeeded');
  } catch {
    return true;
  }
}

/** Lets at most `max-parallel` cells of a matrix start; the others stay `waiting`. */
function limitParallel(jobs: readonly GraphJob[], moves: JobMove[]): JobMove[] {
  const used = new Map<string, number>();
  for (const { status, spec } of jobs)
    if (status === 'queued' || status === 'running') used.set(spec.base, (used.get(spec.base) ?? 0) + 1);
  return moves.filter((move) => {
    const spec = jobs.find((job) => job.id === move.job)?.spec;
    if (move.to !== 'queued' || !spec?.strategy.max_parallel) return true;
    const count = used.get(spec.base) ?? 0;
    used.set(spec.base, count + 1);
    return count < spec.strategy.max_parallel;
  });
}

/** All jobs that a job depends on, directly or not, each once. */
function ancestors(job: GraphJob, jobs: readonly GraphJob[], seen = new Set<string>()): string[] {
  for (const base of job.spec.needs) {
    if (seen.has(base)) continue;
    seen.add(base);
    const cell = jobs.find((other) => other.spec.base === base);
    if (cell) ancestors(cell, jobs, seen);
  }
  return [...seen];
}

function cellsOf(base: string, jobs: readonly GraphJob[]): GraphJob[] {
  return jobs.filter((job) => job.spec.base === base);
}

/** The cells of a matrix share one set of outputs. As on GitHub, the last cell that sets an output wins. */
export function mergeOutputs(cells: readonly { outputs: Record<string, string> }[]): Record<string, string> {
  const set = cells.flatMap((cell) => Object.entries(cell.outputs).filter(([, value]) => value !== ''));
  const all = cells.flatMap((cell) => Object.keys(cell.outputs).map((name): [string, string] => [name, '']));
  return Object.fromEntries([...all, ...set]);
}
