import { startRun, submitDelivery } from '../../src/control/runs/delivery.ts';
import type { Finished } from '../../src/jobs/protocol/event.ts';
import type { PlannedJob } from '../../src/jobs/run/plan.ts';
import type { Trigger } from '../../src/jobs/run/trigger.ts';
import type { ControlHarness } from './harness.ts';

export const SHA = 'a'.repeat(40);

/** A job with one step that does nothing, changed by `more`. */
export function job(base: string, more: Partial<PlannedJob> = {}): PlannedJob {
  return {
    key: base,
    base,
    name: base,
    kind: 'test',
    needs: [],
    if: 'success()',
    matrix: null,
    strategy: { fail_fast: true, job_index: 0, job_total: 1, max_parallel: null },
    continue_on_error: 'false',
    timeout_minutes: 60,
    runs_on: ['ubuntu-latest'],
    container: { image: null, env: {} },
    env: [],
    outputs: {},
    steps: [],
    environments: [],
    line: 1,
    column: 1,
    ...more,
  };
}

/** The last event of planning a delivery, with one run of these jobs. */
export function planOf(...jobs: PlannedJob[]): Finished {
  const path = '.github/workflows/ci.yml';
  const run = { workflow: 'CI', path, failure: null, app: 'shop', annotations: [], jobs };
  return ended('succeeded', { plan: { sha: SHA, message: 'A change', runs: [run], ignored: [], reason: null } });
}

/** The last event of an attempt. */
export function ended(status: Finished['verdict']['status'] = 'succeeded', more: Partial<Finished> = {}): Finished {
  return {
    verdict: { status, reason: status === 'succeeded' ? null : `it ${status}`, exit_code: status === 'failed' ? 1 : 0 },
    outputs: {},
    log_size: 0,
    ...more,
  };
}

/** Submits a webhook of a push. */
export function push(
  harness: ControlHarness,
  more: Partial<Trigger> = {},
): Promise<{ delivery: string; outcome: string }> {
  const trigger: Trigger = {
    kind: 'push',
    event: 'push',
    action: null,
    ref: 'refs/heads/main',
    sha: SHA,
    before: null,
    forced: false,
    base_ref: null,
    head_ref: null,
    actor: 'ada',
    payload: {},
    ...more,
  };
  const guid = Math.random().toString(36);
  return submitDelivery(harness.deps, {
    guid,
    body_hash: guid,
    event: 'push',
    action: null,
    repo: harness.repo.name,
    repo_id: harness.repo.id,
    trigger,
    reason: null,
  });
}

/** Starts a run through the API. Returns its id. */
export async function start(harness: ControlHarness): Promise<string> {
  const { id, name, default_branch } = harness.repo;
  const { run } = await startRun(harness.deps, {
    repo_id: id,
    repo: name,
    default_branch,
    ref: 'main',
    workflow: null,
    actor: null,
  });
  return run;
}
