import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '../../error.ts';
import { JSON_LIMIT, JsonObject } from '../../jobs/json.ts';
import type { Finished } from '../../jobs/protocol/event.ts';
import type { JobGrant } from '../../jobs/protocol/grant.ts';
import type { Verdict } from '../../jobs/protocol/verdict.ts';
import { interpolate } from '../../workflows/expressions/template.ts';
import type { EngineDeps } from '../engine-deps.ts';
import type { EventReporter } from '../event-reporter.ts';
import { jobContexts, stepContexts } from '../execution/contexts.ts';
import { type JobExecution, logLine, mask, newExecution, recordAbort } from '../execution/job-execution.ts';
import type { StepScope } from '../execution/step-scope.ts';
import { removeFolder } from '../sandbox/folder-removal.ts';
import { removeAttempt, removeLeftovers } from '../sandbox/removal.ts';
import { runSteps } from '../steps/run-steps.ts';
import { SUCCESS, verdictOfError } from '../verdict.ts';
import { createFolder } from '../workspace/job-folder.ts';
import { runTask } from './task.ts';

/**
 * Runs an attempt at a job. Never rejects for a fault of the user; the attempt's containers and folder are removed when it resolves.
 * `signal.reason` is a `StopRequest`, or an Error when the worker has to stop. `force` may follow it, and skips the grace period.
 * The log stays open: the caller closes it and adds its size.
 */
export async function runJob(
  deps: EngineDeps,
  grant: JobGrant,
  reporter: EventReporter,
  signal: AbortSignal,
  force: AbortSignal = new AbortController().signal,
): Promise<Finished> {
  const execution = newExecution(deps, grant, reporter, { signal, force });
  const { verdict, outputs } = await execute(execution);
  await cleanUp(execution);
  const reason = verdict.reason && execution.secrets.hide(verdict.reason);
  return { verdict: { ...verdict, reason }, outputs, log_size: 0 };
}

/** Never rejects: an error becomes the verdict. */
async function execute(execution: JobExecution): Promise<Pick<Finished, 'verdict' | 'outputs'>> {
  try {
    const scope = await prepare(execution);
    const verdict = await runTaskOrSteps(execution, scope);
    return { verdict, outputs: evaluateOutputs(execution, scope) };
  } catch (error) {
    recordAbort(execution);
    const verdict = execution.interruption ?? verdictOfError(error);
    logLine(execution, 0, verdict.reason ?? verdict.status);
    return { verdict, outputs: {} };
  }
}

async function prepare(execution: JobExecution): Promise<StepScope> {
  const { deps, grant, folder } = execution;
  mask(execution, [...Object.values(grant.secrets), ...(grant.source?.token ? [grant.source.token] : [])]);
  await removeLeftovers(deps.docker, grant);
  const event = await readEvent(deps, grant);
  await createFolder(folder, event);
  return jobScope(grant, event);
}

/** The payload of what started the run: `github.event`. */
async function readEvent({ blobs }: Pick<EngineDeps, 'blobs'>, { payload_blob }: JobGrant): Promise<JsonObject> {
  const blob = payload_blob === null ? null : await blobs.read(payload_blob, JSON_LIMIT);
  return blob === null ? {} : JsonObject.parse(JSON.parse(blob.toString('utf8')));
}

/** The scope of the job's own steps. */
function jobScope(grant: JobGrant, event: JsonObject): StepScope {
  const contexts = jobContexts(grant, event);
  const evaluate = (templates: Record<string, string>) =>
    Object.fromEntries(Object.entries(templates).map(([name, text]) => [name, interpolate(text, contexts)]));
  return {
    enclosing: [],
    contexts,
    env: Object.assign({}, ...grant.spec.env.map(evaluate)) satisfies Record<string, string>,
    container_env: evaluate(grant.spec.container.env),
    exports: { env: {}, path: [] },
    results: {},
  };
}

async function runTaskOrSteps(execution: JobExecution, scope: StepScope): Promise<Verdict> {
  if (execution.grant.command !== null) return runTask(execution, scope);
  await runSteps(execution, scope);
  const { interruption, failure, sandbox } = execution;
  if (interruption !== null) return interruption;
  // A job without processes has no exit code.
  if (failure === null) return { ...SUCCESS, exit_code: sandbox.image === null ? null : 0 };
  // A step that timed out fails the job; `timed_out` is for the job's own timeout.
  return failure.status === 'errored' ? failure : { ...failure, status: 'failed' };
}

/** Evaluated after the last step, whether the job failed or not. A value that contains a secret is left out, and all are after a refused mask. */
function evaluateOutputs(execution: JobExecution, scope: StepScope): Record<string, string> {
  if (execution.secrets.refused) return {};
  const contexts = stepContexts(execution, scope, '');
  const outputs: Record<string, string> = {};
  for (const [name, template] of Object.entries(execution.grant.spec.outputs)) {
    try {
      const value = interpolate(template, contexts);
      if (execution.secrets.isIn(value))
        logLine(execution, 0, `The output \`${name}\` is left out: it contains a secret`);
      else outputs[name] = value;
    } catch (error) {
      logLine(execution, 0, `The output \`${name}\` is left out: ${messageOf(error)}`);
    }
  }
  return outputs;
}

const CLEAN_UP_TIMEOUT = 60_000;

/** Removes the containers, then the folder that they have mounted. Retries for a while, since the Docker Engine may not answer. */
async function cleanUp({ deps, owner, folder, sandbox }: JobExecution): Promise<void> {
  for (const end = Date.now() + CLEAN_UP_TIMEOUT; ; await delay(1000)) {
    try {
      await removeAttempt(deps.docker, owner.attempt);
      return await removeFolder(deps, owner, folder.root, sandbox.image);
    } catch (error) {
      if (Date.now() < end) continue;
      // The job's next attempt and this host's workers find what is left by its labels.
      deps.log.error({ err: error, attempt: owner.attempt }, 'cleaning up an attempt failed');
      return;
    }
  }
}
