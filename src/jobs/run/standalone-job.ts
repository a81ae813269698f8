import type { PlannedJob, PlannedStep } from './plan.ts';

/** A job that no workflow file defines. Missing properties get a workflow's defaults. */
export function standaloneJob(
  job: Pick<PlannedJob, 'key' | 'name' | 'kind' | 'timeout_minutes'> & Partial<PlannedJob>,
): PlannedJob {
  return {
    base: job.key,
    needs: [],
    if: 'success()',
    matrix: null,
    strategy: { fail_fast: true, job_index: 0, job_total: 1, max_parallel: null },
    continue_on_error: 'false',
    runs_on: [],
    container: { image: null, env: {} },
    env: [],
    outputs: {},
    steps: [],
    environments: [],
    line: 1,
    column: 1,
    ...job,
  };
}

export function standaloneStep(step: Pick<PlannedStep, 'name'> & Partial<PlannedStep>): PlannedStep {
  return {
    id: null,
    if: 'success()',
    run: null,
    uses: null,
    with: {},
    env: {},
    shell: null,
    working_directory: null,
    continue_on_error: 'false',
    timeout_minutes: null,
    line: 1,
    column: 1,
    ...step,
  };
}
