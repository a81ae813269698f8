import { expect, it } from 'vitest';
import type { GraphJob, JobMove } from '../../../src/jobs/run/advance.ts';
import { type EndStatus, hasEnded, type JobStatus, jobMoves, mayMove } from '../../../src/jobs/status.ts';
import { cells, movesOf } from './graph.ts';

const CONDITIONS = ['success()', 'success()', 'failure()', 'always()', '!cancelled()', "needs.j0.result == 'success'"];
const ENDS: EndStatus[] = ['succeeded', 'succeeded', 'succeeded', 'failed', 'timed_out', 'errored', 'skipped'];

it('Every graph ends: no job stays stuck, every move is legal, and max-parallel is never exceeded', () => {
  for (let seed = 1; seed <= 300; seed++) expect(simulate(seed), `graph ${seed}`).toEqual([]);
});

/** Runs a random graph, sometimes with a cancellation. Deterministic for a seed. Returns the jobs that never ended. */
function simulate(seed: number): GraphJob[] {
  const roll = dice(seed);
  const jobs = makeGraph(roll);
  let cancelled = false;
  for (;;) {
    settle(jobs, cancelled);
    checkParallel(jobs);
    const working = jobs.filter(({ status }) => status === 'queued' || status === 'running');
    const job = working[roll(working.length)];
    if (job === undefined) return jobs.filter(({ status }) => !hasEnded(status));
    if (job.status === 'queued') move(job, 'running');
    else move(job, ENDS[roll(ENDS.length)] ?? 'succeeded');
    if (roll(40) === 0) cancelled = true;
  }
}

/** Makes moves, as control does, until there are none. */
function settle(jobs: GraphJob[], cancelled: boolean): void {
  for (let rounds = 0; ; rounds++) {
    expect(rounds).toBeLessThan(100);
    const moves = movesOf(jobs, { cancelled }).filter((step) => take(jobs, step));
    if (moves.length === 0) return;
  }
}

/** Makes a move and returns whether the graph changed. A job that is asked to stop stops at once. */
function take(jobs: GraphJob[], step: JobMove): boolean {
  const job = jobs.find(({ id }) => id === step.job);
  if (job === undefined || hasEnded(job.status)) return false;
  move(job, step.to === 'stop' ? 'cancelled' : step.to);
  return true;
}

function move(job: GraphJob, to: JobStatus): void {
  expect(mayMove(jobMoves, job.status, to), `${job.status} to ${to}`).toBe(true);
  job.status = to;
}

function checkParallel(jobs: readonly GraphJob[]): void {
  for (const group of Map.groupBy(jobs, ({ spec }) => spec.base).values()) {
    const most = group[0]?.spec.strategy.max_parallel ?? group.length;
    const active = group.filter(({ status }) => status === 'queued' || status === 'running');
    expect(active.length).toBeLessThanOrEqual(most);
  }
}

function makeGraph(roll: (sides: number) => number): GraphJob[] {
  return Array.from({ length: 2 + roll(6) }, (_, index) => {
    const needs = Array.from({ length: index }, (_, earlier) => `j${earlier}`).filter(() => roll(3) === 0);
    const waiting = Array.from({ length: 1 + roll(4) }, (): JobStatus => 'waiting');
    return cells(`j${index}`, waiting, {
      needs,
      if: CONDITIONS[roll(CONDITIONS.length)] ?? 'success()',
      fail_fast: roll(2) === 0,
      max_parallel: roll(2) === 0 ? 1 + roll(2) : null,
      continue_on_error: roll(4) === 0,
    });
  }).flat();
}

/** Marsaglia's xorshift. */
function dice(seed: number): (sides: number) => number {
  let state = seed * 0x9e3779b1;
  return (sides) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % Math.max(1, sides);
  };
}
