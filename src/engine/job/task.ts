import type { Verdict } from '../../jobs/protocol/verdict.ts';
import type { Step } from '../../jobs/run/step.ts';
import { ensureSandbox } from '../execution/ensure-sandbox.ts';
import type { JobExecution } from '../execution/job-execution.ts';
import type { StepScope } from '../execution/step-scope.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { gantryVariables } from '../steps/step-environment.ts';
import { runProcess, verdictOfExit } from '../steps/step-process.ts';
import { verdictOfAbort, verdictOfError } from '../verdict.ts';

/** Runs a task's command as the container's own process: the image needs no shell. It is reported as a job of one step. */
export async function runTask(execution: JobExecution, scope: StepScope): Promise<Verdict> {
  const { reporter, deps } = execution;
  const step: Step = {
    number: 1,
    id: null,
    name: 'command',
    status: 'running',
    reason: null,
    exit_code: null,
    started_at: deps.now(),
    finished_at: null,
  };
  await reporter.emit({ type: 'step', data: step });
  const verdict = await runCommand(execution, scope, step);
  await reporter.emit({ type: 'step', data: { ...step, ...verdict, finished_at: deps.now() } });
  return verdict;
}

/** Never rejects: an error becomes the verdict. */
async function runCommand(execution: JobExecution, scope: StepScope, { number, name }: Step): Promise<Verdict> {
  const signal = AbortSignal.any([execution.signal, execution.force]);
  try {
    signal.throwIfAborted();
    const sandbox = await taskSandbox(execution, scope, { number, signal });
    const exit = await runProcess(execution, { number, signal }, (output) => sandbox.runMain(output));
    return verdictOfExit(execution, name, exit);
  } catch (error) {
    const verdict = signal.aborted ? verdictOfAbort(signal.reason) : verdictOfError(error);
    return { ...verdict, reason: verdict.reason && execution.secrets.hide(verdict.reason) };
  }
}

function taskSandbox(
  execution: JobExecution,
  { env, container_env, contexts }: StepScope,
  step: { number: number; signal: AbortSignal },
): Promise<Sandbox> {
  const { grant } = execution;
  const main = {
    // Null uses the image's own.
    entrypoint: null,
    command: grant.command?.length ? grant.command : null,
    env: { ...env, ...container_env, ...gantryVariables(grant) },
    cwd: null,
    user: null,
  };
  return ensureSandbox(execution, { main, mounts: [] }, contexts, step);
}
