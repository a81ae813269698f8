import type { JsonObject } from '../../jobs/json.ts';
import type { Verdict } from '../../jobs/protocol/verdict.ts';
import type { PlannedStep } from '../../jobs/run/plan.ts';
import type { Step } from '../../jobs/run/step.ts';
import { evaluateCondition } from '../../workflows/expressions/condition.ts';
import { interpolate } from '../../workflows/expressions/template.ts';
import { contextsOf, githubContext, standing } from '../job/contexts.ts';
import { evaluated } from '../job/evaluation.ts';
import { type Attempt, say } from '../job/job-execution.ts';
import { endsAtOnce, verdictOfAbort, verdictOfError } from '../verdict.ts';
import { IN_CONTAINER, RUNNER_FILES } from '../workspace/runner-file.ts';
import type { StepEnd, StepTurn, StepWord } from './step.ts';
import { stepDeadline } from './step-deadline.ts';
import { stepEnvironment } from './step-environment.ts';
import { stepHandlerOf } from './step-handler.ts';

/** All steps in the order of the file; each is told of, though its turn may come to nothing. */
export async function runSteps(attempt: Attempt): Promise<void> {
  for (const [index, planned] of attempt.grant.spec.steps.entries()) await takeTurn(attempt, planned, index + 1);
}

/** An abort counts against the job only where it kept a step from its turn or its end. */
export function noticeAbort(attempt: Attempt): void {
  const end = [attempt.signal, attempt.force].find((signal) => signal.aborted);
  if (end !== undefined) attempt.interruption ??= verdictOfAbort(end.reason);
}

async function takeTurn(attempt: Attempt, planned: PlannedStep, number: number): Promise<void> {
  noticeAbort(attempt);
  const step = await newStep(attempt, planned, number);
  const end = await attend(attempt, planned, step);
  const outcome = wordOf(end.verdict);
  // What is ours or the host's fault is never forgiven: it ends the job.
  const isForgiven =
    outcome === 'failure' && end.verdict.status !== 'errored' && (await mayFail(attempt, planned, step));
  if (outcome === 'failure' && !isForgiven) attempt.failure ??= end.verdict;
  if (planned.id !== null)
    attempt.steps[planned.id] = { outcome, conclusion: isForgiven ? 'success' : outcome, outputs: end.outputs };
  await tell(attempt, { ...step, ...end.verdict, started_at: startOf(step, end), finished_at: attempt.deps.now() });
  if (end.verdict.reason !== null) say(attempt, number, end.verdict.reason);
}

async function newStep(attempt: Attempt, planned: PlannedStep, number: number): Promise<Step> {
  return {
    number,
    id: planned.id,
    name: await nameOf(attempt, planned),
    status: 'running',
    reason: null,
    exit_code: null,
    started_at: attempt.deps.now(),
    finished_at: null,
  };
}

/** A name that cannot be evaluated is shown as written; the same expression fails where it matters. */
async function nameOf(attempt: Attempt, planned: PlannedStep): Promise<string> {
  try {
    const contexts = contextsOf(attempt, '');
    const name = await evaluated(attempt, (functions) => interpolate(planned.name, contexts, functions));
    return name || planned.name;
  } catch {
    return planned.name;
  }
}

/** Never rejects: what goes wrong is how the step ended. */
async function attend(attempt: Attempt, planned: PlannedStep, step: Step): Promise<StepEnd> {
  try {
    const reason = await reasonToSkip(attempt, planned, step);
    if (reason !== null) return { verdict: { status: 'skipped', reason, exit_code: null }, outputs: {} };
    await tell(attempt, step);
    return await perform(attempt, planned, step);
  } catch (error) {
    const isAbort = [attempt.signal, attempt.force].some((signal) => signal.aborted && signal.reason === error);
    if (isAbort) noticeAbort(attempt);
    return { verdict: isAbort ? verdictOfAbort(error) : verdictOfError(error), outputs: {} };
  }
}

async function reasonToSkip(attempt: Attempt, planned: PlannedStep, step: Step): Promise<string | null> {
  const { interruption, failure } = attempt;
  if (interruption !== null && endsAtOnce(attempt)) return `the job was ended: ${interruption.reason}`;
  if (failure?.status === 'errored') return 'the job ended in an error';
  const contexts = contextsOf(attempt, actionOf(step));
  const status = standing(attempt);
  if (await evaluated(attempt, (functions) => evaluateCondition(planned.if, contexts, status, functions))) return null;
  if (interruption !== null) return `the job was ended: ${interruption.reason}`;
  return failure === null ? `\`if: ${planned.if}\` does not hold` : 'a step before it failed';
}

async function perform(attempt: Attempt, planned: PlannedStep, step: Step): Promise<StepEnd> {
  const env = await valuesOf(planned.env, attempt, step, {});
  const contexts = contextsOf(attempt, actionOf(step), env);
  const minutes = planned.timeout_minutes;
  const given = minutes && (await evaluated(attempt, (functions) => interpolate(minutes, contexts, functions)));
  const values = await valuesOf(planned.with, attempt, step, env);
  const deadline = stepDeadline(attempt, step.name, given);
  const turn: StepTurn = {
    number: step.number,
    name: step.name,
    planned,
    env: environmentOf(attempt, env, githubContext(attempt, actionOf(step))),
    with: values,
    contexts,
    signal: deadline.signal,
  };
  try {
    deadline.signal.throwIfAborted();
    return await stepHandlerOf(planned)(attempt, turn);
  } catch (error) {
    if (!deadline.signal.aborted) throw error;
    noticeAbort(attempt);
    return { verdict: verdictOfAbort(deadline.signal.reason), outputs: {} };
  } finally {
    deadline.cancel();
  }
}

function valuesOf(
  templates: Record<string, string>,
  attempt: Attempt,
  step: Step,
  env: Record<string, string>,
): Promise<Record<string, string>> {
  const contexts = contextsOf(attempt, actionOf(step), env);
  return evaluated(attempt, (functions) =>
    Object.fromEntries(Object.entries(templates).map(([name, text]) => [name, interpolate(text, contexts, functions)])),
  );
}

function environmentOf(attempt: Attempt, own: Record<string, string>, github: JsonObject) {
  const { env, grant } = attempt;
  const files = Object.entries(RUNNER_FILES).map(([variable, name]) => [variable, `${IN_CONTAINER}/${name}`]);
  return stepEnvironment(
    [env.job, env.container, env.steps, own],
    github,
    { run: grant.run, job: grant.job },
    Object.fromEntries(files),
  );
}

/** GitHub's name of a step without an id. */
function actionOf(step: Step): string {
  return step.id ?? `__step_${step.number}`;
}

function wordOf({ status }: Verdict): StepWord {
  if (status === 'succeeded') return 'success';
  return status === 'skipped' || status === 'cancelled' ? status : 'failure';
}

async function mayFail(attempt: Attempt, planned: PlannedStep, step: Step): Promise<boolean> {
  const contexts = contextsOf(attempt, actionOf(step));
  try {
    const flag = await evaluated(attempt, (functions) => interpolate(planned.continue_on_error, contexts, functions));
    return flag === 'true';
  } catch {
    return false;
  }
}

function startOf(step: Step, end: StepEnd): number | null {
  return end.verdict.status === 'skipped' ? null : step.started_at;
}

async function tell(attempt: Attempt, step: Step): Promise<void> {
  const { secrets } = attempt;
  const data = { ...step, name: secrets.hide(step.name), reason: step.reason && secrets.hide(step.reason) };
  await attempt.reporter.emit({ type: 'step', data });
}
