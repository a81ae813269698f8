import { advance, type GraphJob, type GraphRun, type JobMove } from '../../../src/jobs/run/advance.ts';
import type { JobStatus } from '../../../src/jobs/status.ts';
import { evaluateCondition } from '../../../src/workflows/expressions/condition.ts';

interface Properties {
  needs?: string[];
  if?: string;
  outputs?: Record<string, string>;
  continue_on_error?: boolean;
}

/** A job of a run's graph; its id is its base. */
export function job(base: string, status: JobStatus, written: Properties = {}): GraphJob {
  const { needs = [], if: condition = 'success()', outputs = {}, continue_on_error = false } = written;
  return {
    id: base,
    status,
    spec: {
      base,
      name: base,
      needs,
      if: condition,
      strategy: { fail_fast: true, job_index: 0, job_total: 1, max_parallel: null },
      matrix: null,
    },
    continue_on_error,
    outputs,
  };
}

/** The cells of a matrix, numbered from 1 in their ids and names. */
export function cells(
  base: string,
  statuses: JobStatus[],
  { fail_fast = true, max_parallel = null, ...properties }: Properties & Partial<GraphJob['spec']['strategy']> = {},
): GraphJob[] {
  return statuses.map((status, index) => {
    const cell = job(base, status, properties);
    const name = `${base} (${index + 1})`;
    const strategy = { fail_fast, job_index: index, job_total: statuses.length, max_parallel };
    return { ...cell, id: name, spec: { ...cell.spec, name, matrix: { cell: index + 1 }, strategy } };
  });
}

/** The moves of a graph, with real conditions. */
export function movesOf(jobs: GraphJob[], run: Partial<GraphRun> = {}): JobMove[] {
  return advance({ jobs, contexts: {}, cancelled: false, ...run }, evaluateCondition);
}
