import type { Verdict } from '../../jobs/protocol/verdict.ts';
import type { Contexts } from '../../jobs/run/plan.ts';
import type { Step } from '../../jobs/run/step.ts';
import { evaluateCondition } from '../../workflows/expressions/condition.ts';
import { interpolate } from '../../workflows/expressions/template.ts';
import { stepContexts, withEnv } from '../execution/contexts.ts';
import { evaluateWithFiles } from '../execution/evaluation.ts';
import { type JobExecution, logLine, recordAbort, statusOf } from '../execution/job-execution.ts';
import { type PlacedStep, type PreparedStep, placeStep, type StepEnd } from '../execution/step.ts';
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

async function runStep(execution: JobExecution, scope: StepScope, placed: PlacedStep): Promise<void> {
  recordAbort(execution);
  const step = await prepareStep(execution, scope, placed);
  const { verdict, outputs } = await execute(execution, scope, step);
  const outcome = outcomeOf(verdict);
  const isTolerated = outcome === 'failure' && (await continuesOnError(execution, scope, step, verdict));
  if (outcome === 'failure' && !isTolerated) execution.failure ??= verdict;
  const { id } = step.planned;
  if (id !== null) scope.results[id] = { outcome, conclusion: isTolerated ? 'success' : outcome, outputs };
  const started_at = verdict.status === 'skipped' ? null : step.started_at;
  await report(execution, step, { ...verdict, started_at, finished_at: execution.deps.now() });
  if (verdict.reason !== null) logLine(execution, step.number, verdict.reason);
}

async function prepareStep(execution: JobExecution, scope: StepScope, placed: PlacedStep): Promise<PreparedStep> {
  const { id, name } = placed.planned;
  const contexts = stepContexts(execution, scope, id ?? `__step_${placed.id}`);
  // A name that cannot be evaluated is shown as written.
  const evaluated = await evaluate(execution, name, contexts).catch(() => '');
  return { ...placed, contexts, name: evaluated || name, started_at: execution.deps.now() };
}

/** Never rejects: an error becomes the verdict. */
async function execute(execution: JobExecution, scope: StepScope, step: PreparedStep): Promise<StepEnd> {
  try {
    const reason = await reasonToSkip(execution, step);
    if (reason !== null) return { verdict: { status: 'skipped', reason, exit_code: null }, outputs: {} };
    const { started_at } = step;
    await report(execution, step, { status: 'running', reason: null, exit_code: null, started_at, finished_at: null });
    return await runHandler(execution, scope, step);
  } catch (error) {
    const isAbort = [execution.signal, execution.force].some((signal) => signal.aborted && signal.reason === error);
    if (isAbort) recordAbort(execution);
    return { verdict: isAbort ? verdictOfAbort(error) : verdictOfError(error), outputs: {} };
  }
}

async function reasonToSkip(execution: JobExecution, { planned, contexts }: PreparedStep): Promise<string | null> {
  const { interruption, failure, secrets } = execution;
  if (interruption !== null && endsAtOnce(execution)) return `the job was stopped: ${interruption.reason}`;
  if (secrets.refused) return 'a mask of an earlier step was refused';
  if (failure?.status === 'errored') return 'the job ended in an error';
  const status = statusOf(execution);
  const isMet = await evaluateWithFiles(execution, (functions) =>
    evaluateCondition(planned.if, contexts, status, functions),
  );
  if (isMet) return null;
  if (interruption !== null) return `the job was stopped: ${interruption.reason}`;
  return failure === null ? `the condition \`if: ${planned.if}\` is false` : 'a step before it failed';
}

/** Evaluates the step's templates, then runs its handler. */
async function runHandler(execution: JobExecution, scope: StepScope, step: PreparedStep): Promise<StepEnd> {
  const { planned } = step;
  const own = await evaluateAll(execution, planned.env, step.contexts);
  const contexts = withEnv(scope, step.contexts, own);
  const minutes = planned.timeout_minutes && (await evaluate(execution, planned.timeout_minutes, contexts));
  const inputs = await evaluateAll(execution, planned.with, contexts);
  const env = stepEnvironment(scope, own, contexts.github, execution.grant);
  const deadline = stepDeadline(execution, step.name, minutes);
  const { signal } = deadline;
  try {
    signal.throwIfAborted();
    return await stepHandlerOf(planned)(execution, { ...step, contexts, env, with: inputs, signal }, scope);
  } catch (error) {
    if (!signal.aborted) throw error;
    recordAbort(execution);
    return { verdict: verdictOfAbort(signal.reason), outputs: {} };
  } finally {
    deadline.cancel();
  }
}

/**
 * `continue-on-error` applies to failures of the user's work, never to errors of Gantry or the host or to a refused mask. It sees what the
 * step exported.
 */
async function continuesOnError(
  execution: JobExecution,
  scope: StepScope,
  { planned, contexts }: PreparedStep,
  { status }: Verdict,
): Promise<boolean> {
  if (status === 'errored' || execution.secrets.refused) return false;
  const flag = await evaluate(execution, planned.continue_on_error, withEnv(scope, contexts)).catch(() => 'false');
  return flag === 'true';
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

function outcomeOf({ status }: Verdict): StepOutcome {
  if (status === 'succeeded') return 'success';
  return status === 'skipped' || status === 'cancelled' ? status : 'failure';
}

async function report(
  { reporter, secrets }: Pick<JobExecution, 'reporter' | 'secrets'>,
  { number, name, planned }: PreparedStep,
  { reason, ...state }: Omit<Step, 'number' | 'id' | 'name'>,
): Promise<void> {
  const hidden = { name: secrets.hide(name), reason: reason && secrets.hide(reason) };
  await reporter.emit({ type: 'step', data: { number, id: planned.id, ...hidden, ...state } });
}
