import { posix } from 'node:path';
import { interpolate } from '../../workflows/expressions/template.ts';
import { ensureSandbox } from '../execution/ensure-sandbox.ts';
import { evaluateWithFiles } from '../execution/evaluation.ts';
import type { JobExecution } from '../execution/job-execution.ts';
import type { RunningStep, StepEnd } from '../execution/step.ts';
import type { StepScope } from '../execution/step-scope.ts';
import { folderMounts, WORKSPACE } from '../workspace/job-folder.ts';
import { writeRunnerFile } from '../workspace/runner-file.ts';
import { shellCommand } from './shell.ts';
import { clearStepFiles, logSummary, readStepFiles } from './step-files.ts';
import { runProcess, verdictOfExit } from './step-process.ts';

/** A `run` step: its script as a process in the job's container. */
export async function scriptStep(execution: JobExecution, step: RunningStep, scope: StepScope): Promise<StepEnd> {
  const { shell, script, cwd } = await evaluateScript(execution, step);
  const argv = shellCommand(shell);
  const { folder } = execution;
  const sandbox = await ensureSandbox(execution, { main: null, mounts: folderMounts(folder) }, scope.contexts, step);
  await clearStepFiles(folder);
  await writeRunnerFile(folder.script, script);
  const spec = { argv, env: step.env, cwd, path: scope.exports.path, stdin: false };
  const exit = await withSummary(execution, step.number, () =>
    runProcess(execution, step, (output) => sandbox.run(spec, output)),
  );
  const outputs = await readStepFiles(execution, scope, step.number);
  return { verdict: verdictOfExit(execution, step.name, exit), outputs };
}

/** Evaluates everything before the step starts, so that hashFiles() does not see the changes of the step itself. */
function evaluateScript(execution: JobExecution, { planned, contexts }: RunningStep) {
  return evaluateWithFiles(execution, (functions) => {
    const evaluate = (template: string) => interpolate(template, contexts, functions);
    const folder = planned.working_directory;
    return {
      shell: planned.shell === null ? null : evaluate(planned.shell),
      script: evaluate(planned.run ?? ''),
      cwd: folder === null ? WORKSPACE : posix.resolve(WORKSPACE, evaluate(folder)),
    };
  });
}

/** Logs the summary also of a step that fails or is aborted, but not after a refused mask. */
async function withSummary<T>(execution: JobExecution, step: number, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } finally {
    if (!execution.secrets.refused) await logSummary(execution, step);
  }
}
