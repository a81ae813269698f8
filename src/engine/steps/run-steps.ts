import type { JsonObject } from '../../jobs/json.ts';
import type { Verdict } from '../../jobs/protocol/verdict.ts';
import type { Contexts } from '../../jobs/run/plan.ts';
import type { Step } from '../../jobs/run/step.ts';
import { evaluateCondition } from '../../workflows/expressions/condition.ts';
import { interpolate } from '../../workflows/expressions/template.ts';
import { stepContexts, withEnv } from '../execution/contexts.ts';
import { evaluateWithFiles } from '../execution/evaluation.ts';
import { type JobExecution, logLine, recordAbort, statusOf } from '../execution/job-execution.ts';
import { type PlacedStep, placeStep, type StepEnd } from '../execution/step.ts';
import type { StepOutcome, StepScope } from '../execution/step-scope.ts';
import { endsAtOnce, verdictOfAbort, verdictOfError } from '../verdict.ts';
import { stepDeadline } from './step-deadline.ts';
import { stepEnvironment } from './step-environment.ts';
import { stepHandlerOf } from './step-handler.ts';

/** Runs the job's steps in the order of the file. Skipped steps are reported too. */
export async function runSteps(execution: JobExecution, scope: StepScope): Promise<void> {
  for (const [index, planned] of execution.grant.spec.steps.entries())
    await runStep(execution, scope, placeStep(scope, index + 1, 'main', planned));
}

async function runStep(execution: JobExecution, scope: StepScope, step: PlacedStep): Promise<void> {
  recordAbort(execution);
  const { id, continue_on_error } = step.planned;
  const contexts = stepContexts(execution, scope, id ?? `__step_${step.id}`);
  const record = await newRecord(execution, step, contexts);
  const { verdict, outputs } = await conclude(execution, scope, step, contexts, record);
  const outcome = outcomeOf(verdict);
  // `continue-on-error` forgives what the user's work did, never an error of ours or of the host.
  const mayFail = outcome === 'failure' && verdict.status !== 'errored';
  const isForgiven = mayFail && (await isTrue(execution, continue_on_error, withEnv(scope, contexts)));
  if (outcome === 'failure' && !isForgiven) execution.failure ??= verdict;
  if (id !== null) scope.results[id] = { outcome, conclusion: isForgiven ? 'success' : outcome, outputs };
  const started_at = verdict.status === 'skipped' ? null : record.started_at;
  await report(execution, { ...record, ...verdict, started_at, finished_at: execution.deps.now() });
  if (verdict.reason !== null) logLine(execution, step.number, verdict.reason);
}

async function newRecord(execution: JobExecution, { number, planned }: PlacedStep, contexts: Contexts): Promise<Step> {
  return {
    number,
    id: planned.id,
    name: await evaluateName(execution, planned.name, contexts),
    status: 'running',
    reason: null,
    exit_code: null,
    started_at: execution.deps.now(),
    finished_at: null,
  };
}

/** A name that cannot be evaluated is shown as written. */
async function evaluateName(execution: JobExecution, template: string, contexts: Contexts): Promise<string> {
  try {
    return (await evaluate(execution, template, contexts)) || template;
  } catch {
    return template;
  }
}

/** Never rejects: an error is how the step ended. */
async function conclude(
  execution: JobExecution,
  scope: StepScope,
  step: PlacedStep,
  contexts: Contexts,
  record: Step,
): Promise<StepEnd> {
  try {
    const reason = await reasonToSkip(execution, step, contexts);
    if (reason !== null) return { verdict: { status: 'skipped', reason, exit_code: null }, outputs: {} };
    await report(execution, record);
    return await perform(execution, scope, step, contexts, record.name);
  } catch (error) {
    const isAbort = [execution.signal, execution.force].some((signal) => signal.aborted && signal.reason === error);
    if (isAbort) recordAbort(execution);
    return { verdict: isAbort ? verdictOfAbort(error) : verdictOfError(error), outputs: {} };
  }
}

async function reasonToSkip(
  execution: JobExecution,
  { planned }: PlacedStep,
  contexts: Contexts,
): Promise<string | null> {
  const { interruption, failure } = execution;
  if (interruption !== null && endsAtOnce(execution)) return `the job was stopped: ${interruption.reason}`;
  if (failure?.status === 'errored') return 'the job ended in an error';
  const status = statusOf(execution);
  const isMet = await evaluateWithFiles(execution, (functions) =>
    evaluateCondition(planned.if, contexts, status, functions),
  );
  if (isMet) return null;
  if (interruption !== null) return `the job was stopped: ${interruption.reason}`;
  return failure === null ? `the condition \`if: ${planned.if}\` is false` : 'a step before it failed';
}

/** Evaluates the step's templates, then has its handler run it. */
async function perform(
  execution: JobExecution,
  scope: StepScope,
  step: PlacedStep,
  before: Contexts,
  name: string,
): Promise<StepEnd> {
  const { planned } = step;
  const own = await evaluateAll(execution, planned.env, before);
  const contexts = withEnv(scope, before, own);
  const minutes = planned.timeout_minutes && (await evaluate(execution, planned.timeout_minutes, contexts));
  const inputs = await evaluateAll(execution, planned.with, contexts);
  const env = stepEnvironment(scope, own, contexts.github as JsonObject, execution.grant);
  const deadline = stepDeadline(execution, name, minutes);
  const { signal } = deadline;
  try {
    signal.throwIfAborted();
    return await stepHandlerOf(planned)(execution, { ...step, name, env, with: inputs, contexts, signal }, scope);
  } catch (error) {
    if (!signal.aborted) throw error;
    recordAbort(execution);
    return { verdict: verdictOfAbort(signal.reason), outputs: {} };
  } finally {
    deadline.cancel();
  }
}

function evaluate(execution: JobExecution, template: string, contexts: Contexts): Promise<string> {
  return evaluateWithFiles(execution, (functions) => interpolate(template, contexts, functions));
}

function evaluateAll(
  execution: JobExecution,
  templates: Record<string, string>,
  contexts: Contexts,
): Promise<Record<string, string>> {
  return evaluateWithFiles(execution, (functions) =>
    Object.fromEntries(Object.entries(templates).map(([name, text]) => [name, interpolate(text, contexts, functions)])),
  );
}

async function isTrue(execution: JobExecution, template: string, contexts: Contexts): Promise<boolean> {
  try {
    return (await evaluate(execution, template, contexts)) === 'true';
  } catch {
    return false;
  }
}

function outcomeOf({ status }: Verdict): StepOutcome {
  if (status === 'succeeded') return 'success';
  return status === 'skipped' || status === 'cancelled' ? status : 'failure';
}

async function report({ reporter, secrets }: JobExecution, step: Step): Promise<void> {
  const data = { ...step, name: secrets.hide(step.name), reason: step.reason && secrets.hide(step.reason) };
  await reporter.emit({ type: 'step', data });
}
