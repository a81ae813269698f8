import { hasEnded, type JobStatus } from '../status.ts';
import { foldNeed, foldRun } from './fold.ts';
import type { Contexts, PlannedJob } from './plan.ts';

/** A job as the rules of its run's graph see it. */
export interface GraphJob {
  id: string;
  status: JobStatus;
  spec: Pick<PlannedJob, 'base' | 'name' | 'needs' | 'if' | 'strategy' | 'matrix'>;
  continue_on_error: boolean;
  outputs: Record<string, string>;
}

export interface GraphRun {
  jobs: readonly GraphJob[];
  /** Everything that conditions may look at but `needs`. */
  contexts: Contexts;
  /** Someone wants the run cancelled: only conditions that ask for it (`always()`, `cancelled()`) let a job start. */
  cancelled: boolean;
}

/** What follows for a job: it may start, it never will, or it must stop. */
export type Advance =
  | { job: string; to: 'queued' }
  | { job: string; to: 'skipped' | 'cancelled' | 'failed'; reason: string }
  | { job: string; to: 'stop'; reason: string };

/** Whether a job's condition holds; throws what the language says when it cannot be evaluated. */
export type Condition = (expression: string, contexts: Contexts, so_far: SoFar) => boolean;

/** How the whole chain before a job went; `skipped`: not all of it succeeded, and none failed. */
export type SoFar = 'succeeded' | 'failed' | 'cancelled' | 'skipped';

/** For people: what became of a job. */
const ENDED = {
  waiting: 'still waits',
  queued: 'is still queued',
  running: 'still runs',
  succeeded: 'succeeded',
  failed: 'failed',
  errored: 'errored',
  timed_out: 'timed out',
  cancelled: 'was cancelled',
  skipped: 'was skipped',
} as const satisfies Record<JobStatus, string>;

/** Every step that the graph can take now. Taking them may open further ones: call again until there are none. */
export function advance(run: GraphRun, holds: Condition): Advance[] {
  const stops = failFast(run.jobs);
  const stopped = new Set(stops.map((stop) => stop.job));
  const starts = run.jobs
    .filter((job) => job.status === 'waiting' && !stopped.has(job.id))
    .flatMap((job) => ready(job, run, holds));
  return [...stops, ...withinParallel(run.jobs, starts)];
}

/** A cell that failed ends its siblings, unless the matrix says otherwise. */
function failFast(jobs: readonly GraphJob[]): Advance[] {
  return jobs.flatMap((job) => {
    if (hasEnded(job.status) || job.spec.matrix === null || !job.spec.strategy.fail_fast) return [];
    const culprit = jobs.find((other) => other.spec.base === job.spec.base && brokeTheMatrix(other));
    if (culprit === undefined) return [];
    const reason = `${culprit.spec.name} ${ENDED[culprit.status]}, and its matrix fails fast`;
    return [{ job: job.id, to: job.status === 'running' ? ('stop' as const) : ('cancelled' as const), reason }];
  });
}

function brokeTheMatrix(job: GraphJob): boolean {
  return ['failed', 'timed_out', 'errored'].includes(job.status) && !job.continue_on_error;
}

function ready(job: GraphJob, run: GraphRun, holds: Condition): Advance[] {
  const needs = job.spec.needs.map((base) => ({ base, cells: cellsOf(base, run.jobs) }));
  if (!needs.every(({ cells }) => cells.every((cell) => hasEnded(cell.status)))) return [];
  const results = needs.map(({ base, cells }) => [base, { result: foldNeed(cells), outputs: mergeOutputs(cells) }]);
  const contexts: Contexts = { ...run.contexts, needs: Object.fromEntries(results) };
  try {
    if (holds(job.spec.if, contexts, howItWent(job, run))) return [{ job: job.id, to: 'queued' }];
  } catch (error) {
    return [{ job: job.id, to: 'failed', reason: `its condition cannot be evaluated: ${(error as Error).message}` }];
  }
  if (run.cancelled) return [{ job: job.id, to: 'cancelled', reason: 'the run was cancelled' }];
  return [{ job: job.id, to: 'skipped', reason: whySkipped(job, run, contexts, holds) }];
}

/** As at GitHub a failure or a skip counts along the whole chain, whatever the jobs between made of it. */
function howItWent(job: GraphJob, run: GraphRun): SoFar {
  if (run.cancelled) return 'cancelled';
  const results = ancestors(job, run.jobs).map((base) => foldNeed(cellsOf(base, run.jobs)));
  if (results.includes('failure')) return 'failed';
  return results.every((result) => result === 'success') ? 'succeeded' : 'skipped';
}

/** The job that stood in the way; or the condition, where it would not hold after success either. */
function whySkipped(job: GraphJob, run: GraphRun, contexts: Contexts, holds: Condition): string {
  const blocker = [...job.spec.needs, ...ancestors(job, run.jobs)].find(
    (base) => foldNeed(cellsOf(base, run.jobs)) !== 'success',
  );
  if (blocker === undefined || !wouldHold(job.spec.if, contexts, holds))
    return `its condition \`${job.spec.if}\` is false`;
  return `${blocker} ${ENDED[foldRun(cellsOf(blocker, run.jobs))]}`;
}

/** After success; what cannot be evaluated then was not looked at, so that it kept nothing from running. */
function wouldHold(expression: string, contexts: Contexts, holds: Condition): boolean {
  try {
    return holds(expression, contexts, 'succeeded');
  } catch {
    return true;
  }
}

/** Keeps a matrix with `max-parallel` within it: the rest waits on. */
function withinParallel(jobs: readonly GraphJob[], moves: Advance[]): Advance[] {
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

/** The jobs that it needs, and what those need, each once. */
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

/** A matrix's cells share one set of outputs: the last cell that set one wins, as at GitHub. */
export function mergeOutputs(cells: readonly { outputs: Record<string, string> }[]): Record<string, string> {
  const set = cells.flatMap((cell) => Object.entries(cell.outputs).filter(([, value]) => value !== ''));
  const all = cells.flatMap((cell) => Object.keys(cell.outputs).map((name): [string, string] => [name, '']));
  return Object.fromEntries([...all, ...set]);
}
