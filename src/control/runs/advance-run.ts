import type { Row, ServerDeps } from '../../deps.ts';
import type { JsonObject } from '../../jobs/json.ts';
import { advance, type GraphJob, type JobMove } from '../../jobs/run/advance.ts';
import type { Contexts } from '../../jobs/run/plan.ts';
import { evaluateCondition } from '../../workflows/expressions/condition.ts';
import { githubContext } from '../../workflows/plan/github-context.ts';
import { endAttempt, newAttempt, openAttempt, requestStop } from '../attempts/attempts.ts';
import { endWaitingDeployments, queueDeployments } from '../deployments/deployments.ts';
import type { Transaction } from '../outbox/transact.ts';
import { jobOutputs, jobSpec, runPayload } from '../stored/columns.ts';
import type { RunChange } from './run-change.ts';

/** Makes all moves that the run's graph allows, until there are none left. */
export async function advanceRun(t: Transaction, change: RunChange): Promise<void> {
  for (;;) {
    const moves = advance(
      {
        jobs: change.jobs.map(graphJob),
        contexts: conditionContexts(t.config, change.run),
        cancelled: change.run.stop_request !== null,
      },
      evaluateCondition,
    );
    let moved = false;
    for (const move of moves) moved = (await makeMove(t, change, move)) || moved;
    if (!moved) return;
  }
}

async function makeMove(t: Transaction, change: RunChange, move: JobMove): Promise<boolean> {
  const job = change.jobs.find((other) => other.id === move.job);
  if (!job) return false;
  if (move.to === 'queued') return queueJob(t, change, job);
  if (move.to === 'stop') return stopJob(t, change, job, move.reason);
  return endUnstartedJob(t, change, job, move.to, move.reason);
}

/** Offers a job in its lane after `delay` milliseconds, and adds it to the queues of the environments that it names. */
export async function queueJob(t: Transaction, change: RunChange, job: Row<'jobs'>, delay = 0): Promise<boolean> {
  if (!change.moveJob(job, 'queued', { reason: null })) return false;
  const attempt = await newAttempt(t, { subject: 'job', subject_id: job.id, lane: job.lane, delay });
  change.setJob(job, { attempt });
  await queueDeployments(t, change.run, job);
  return true;
}

/** Ends a job that has not started. */
export async function endUnstartedJob(
  t: Transaction,
  change: RunChange,
  job: Row<'jobs'>,
  to: 'skipped' | 'cancelled' | 'failed',
  reason: string,
): Promise<boolean> {
  if (!change.moveJob(job, to, { reason })) return false;
  const attempt = await openAttempt(t, 'job', job.id);
  if (attempt) await endAttempt(t, attempt, { status: to, reason, exit_code: null }, null);
  await endWaitingDeployments(t, job.id, to, reason);
  return true;
}

/** Sends the worker of a running job a stop request. The job ends with its attempt. */
export async function stopJob(
  t: Transaction,
  change: RunChange,
  job: Row<'jobs'>,
  reason: string,
  force = false,
): Promise<boolean> {
  const stop_request = force ? 'force' : 'cancel';
  if (job.stop_request === stop_request || job.stop_request === 'force') return false;
  change.setJob(job, { stop_request, stop_reason: job.stop_reason ?? reason });
  const attempt = await openAttempt(t, 'job', job.id);
  if (attempt) await requestStop(t, attempt, stop_request, reason);
  return true;
}

function graphJob(job: Row<'jobs'>): GraphJob {
  return {
    id: job.id,
    status: job.status,
    spec: jobSpec.read(job),
    continue_on_error: job.continue_on_error === 1,
    outputs: jobOutputs.read(job),
  };
}

/** The contexts that a job's condition can read, except `needs`. */
function conditionContexts(config: ServerDeps['config'], run: Row<'runs'>): Contexts {
  return { github: runContext(config, run), vars: {}, inputs: {} };
}

/** The `github` context of a run, or of one of its jobs. */
export function runContext(
  config: Pick<ServerDeps['config'], 'github_api_url' | 'github_url'>,
  run: Row<'runs'>,
  job = '',
  attempt = 1,
): JsonObject {
  return githubContext({
    trigger: {
      event: run.event,
      ref: run.ref ?? '',
      base_ref: run.base_ref,
      head_ref: run.head_ref,
      actor: run.actor,
      payload: runPayload.read(run),
    },
    sha: run.sha ?? '',
    repo: run.repo ?? '',
    api_url: config.github_api_url,
    server_url: config.github_url,
    run: { id: run.id, number: run.number, attempt, workflow: run.workflow, path: run.path, job },
  });
}
