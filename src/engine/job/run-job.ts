import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '../../error.ts';
import { JsonObject } from '../../jobs/json.ts';
import type { Finished } from '../../jobs/protocol/event.ts';
import type { JobGrant } from '../../jobs/protocol/grant.ts';
import type { Verdict } from '../../jobs/protocol/verdict.ts';
import { interpolate } from '../../workflows/expressions/template.ts';
import type { EngineDeps } from '../engine-deps.ts';
import type { EventReporter } from '../event-reporter.ts';
import { removeLeftovers } from '../sandbox/leftovers.ts';
import { noticeAbort, runSteps } from '../steps/run-steps.ts';
import { SUCCESS, verdictOfError } from '../verdict.ts';
import { makeFolder } from '../workspace/folder.ts';
import { removeFolder } from '../workspace/folder-removal.ts';
import { contextsOf, jobContexts } from './contexts.ts';
import { type Attempt, mask, newAttempt, say } from './job-execution.ts';
import { runTask } from './task.ts';

/**
 * One attempt at a job, to its verdict. Never rejects for the user's sake; its containers and its folder are gone when it resolves.
 * `signal.reason` is a `StopRequest`, or an Error when the worker has to go. `force`, which may follow it, ends what is left without grace.
 * The log stays open: its size is the caller's to add.
 */
export async function runJob(
  deps: EngineDeps,
  grant: JobGrant,
  reporter: EventReporter,
  signal: AbortSignal,
  force: AbortSignal = new AbortController().signal,
): Promise<Finished> {
  const attempt = newAttempt(deps, grant, reporter, signal, force);
  const verdict = await concluded(attempt);
  const outputs = outputsOf(attempt);
  await close(attempt);
  const reason = verdict.reason && attempt.secrets.hide(verdict.reason);
  return { verdict: { ...verdict, reason }, outputs, log_size: 0 };
}

async function concluded(attempt: Attempt): Promise<Verdict> {
  try {
    await prepare(attempt);
    return await perform(attempt);
  } catch (error) {
    noticeAbort(attempt);
    const verdict = attempt.interruption ?? verdictOfError(error);
    say(attempt, 0, verdict.reason ?? verdict.status);
    return verdict;
  }
}

async function prepare(attempt: Attempt): Promise<void> {
  const { deps, grant } = attempt;
  mask(attempt, [...Object.values(grant.secrets), ...(grant.source?.token ? [grant.source.token] : [])]);
  await removeLeftovers(deps, grant);
  attempt.event = await readEvent(deps, grant);
  await makeFolder(attempt.folder, attempt.event);
  attempt.env = evaluatedEnv(attempt);
}

/** Payloads may be large, so they come by their blob. */
async function readEvent({ blobs }: EngineDeps, { payload_blob }: JobGrant): Promise<JsonObject> {
  const blob = payload_blob === null ? null : await blobs.get(payload_blob);
  return blob === null ? {} : JsonObject.parse(JSON.parse(blob.toString('utf8')));
}

/** Each layer of `env` may use the contexts that are there before the first step. */
function evaluatedEnv(attempt: Attempt): Attempt['env'] {
  const { grant } = attempt;
  const contexts = jobContexts(attempt);
  const evaluated = (templates: Record<string, string>) =>
    Object.fromEntries(Object.entries(templates).map(([name, text]) => [name, interpolate(text, contexts)]));
  const job = Object.assign({}, ...grant.spec.env.map(evaluated)) satisfies Record<string, string>;
  return { job, container: evaluated(grant.spec.container.env), steps: {} };
}

async function perform(attempt: Attempt): Promise<Verdict> {
  if (attempt.grant.command !== null) return runTask(attempt);
  await runSteps(attempt);
  if (attempt.interruption !== null) return attempt.interruption;
  const { failure } = attempt;
  // Where processes ran, all of them ended well.
  if (failure === null) return { ...SUCCESS, exit_code: attempt.container === null ? null : 0 };
  // A step's own timeout is a failure of the job; `timed_out` is the job's own.
  return failure.status === 'errored' ? failure : { ...failure, status: 'failed' };
}

/** As evaluated after the last step, failed or not; a value that holds a secret stays here. */
function outputsOf(attempt: Attempt): Record<string, string> {
  const outputs: Record<string, string> = {};
  for (const [name, template] of Object.entries(attempt.grant.spec.outputs)) {
    const value = evaluatedOutput(attempt, name, template);
    if (value === null) continue;
    if (attempt.secrets.isIn(value)) say(attempt, 0, `The output \`${name}\` is left out: it may hold a secret`);
    else outputs[name] = value;
  }
  return outputs;
}

function evaluatedOutput(attempt: Attempt, name: string, template: string): string | null {
  try {
    return interpolate(template, contextsOf(attempt, ''));
  } catch (error) {
    say(attempt, 0, `The output \`${name}\` is left out: ${messageOf(error)}`);
    return null;
  }
}

const CLOSING = 60_000;

/** Containers first, then the folder that they were bound to. A Docker Engine that is away is waited for, but not for ever. */
async function close(attempt: Attempt): Promise<void> {
  for (const end = Date.now() + CLOSING; ; await delay(1000)) {
    try {
      return await removeAll(attempt);
    } catch (error) {
      if (Date.now() < end) continue;
      // The next attempt of this job, and the sweep of this host, find it by its labels.
      attempt.deps.log.error({ err: error, attempt: attempt.reporter.attempt }, 'an attempt leaves something behind');
      return;
    }
  }
}

async function removeAll(attempt: Attempt): Promise<void> {
  const { docker } = attempt.deps;
  const containers = await docker.containers({ 'gantry.attempt': attempt.reporter.attempt });
  await Promise.all(containers.map(({ id }) => docker.remove(id)));
  await removeFolder(attempt);
}
