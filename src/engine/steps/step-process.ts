import { unlessAborted } from '../../abort.ts';
import type { Exit } from '../../deps.ts';
import type { Verdict } from '../../jobs/protocol/verdict.ts';
import { jobLimits } from '../execution/ensure-sandbox.ts';
import { type JobExecution, mask } from '../execution/job-execution.ts';
import type { Output, Process } from '../sandbox/sandbox.ts';
import { UserError } from '../user-error.ts';
import { SUCCESS } from '../verdict.ts';
import { StepOutput } from './step-output.ts';

const CONSEQUENCE = 'The output after it is dropped and no further step runs, because they could show the value';

/**
 * Runs a step's process until it ends. An abort ends the process, and then throws `signal.reason`. A mask past the job's limits ends it
 * too, and then throws a `UserError`.
 */
export async function runProcess(
  execution: JobExecution,
  step: { number: number; signal: AbortSignal },
  start: (output: Output) => Promise<Process>,
): Promise<Exit> {
  const refusal = new AbortController();
  const output = stepOutput(execution, step.number, refusal);
  const starting = start({
    stdout: (chunk) => output.write('stdout', chunk),
    stderr: (chunk) => output.write('stderr', chunk),
  });
  try {
    const exit = await unlessAborted(
      starting.then((process) => process.wait()),
      AbortSignal.any([step.signal, refusal.signal]),
    );
    if (exit === null) await execution.sandbox.endProcess(starting, execution);
    output.end();
    refusal.signal.throwIfAborted();
    if (exit === null) throw step.signal.reason;
    return exit;
  } finally {
    output.end();
  }
}

export function verdictOfExit(
  { deps, grant }: Pick<JobExecution, 'deps' | 'grant'>,
  name: string,
  exit: Exit,
): Verdict {
  if (exit.exit_code === 0) return { ...SUCCESS, exit_code: 0 };
  const mib = Math.floor(jobLimits(deps, grant).memory / 1024 / 1024);
  const reason = exit.oom_killed
    ? `step \`${name}\` was killed: it needed more memory than its limit of ${mib} MiB`
    : `step \`${name}\` exited with code ${exit.exit_code}`;
  return { status: 'failed', reason, exit_code: exit.exit_code };
}

/** A mask past the job's limits aborts `refusal`. */
function stepOutput(execution: JobExecution, step: number, refusal: AbortController): StepOutput {
  const { deps, reporter, secrets } = execution;
  return new StepOutput({
    write: (stream, chunk) => reporter.log.write(step, stream, chunk),
    mask: (value) => {
      const reason = secrets.refuse(value);
      if (reason === null) mask(execution, value === null ? [] : [value]);
      else refusal.abort(new UserError(`\`::add-mask::\` in step ${step} was refused: ${reason}. ${CONSEQUENCE}`));
      return reason === null;
    },
    annotate: (annotation) => {
      const data = { ...annotation, message: secrets.hide(annotation.message) };
      reporter.emit({ type: 'annotation', data }).catch((error: unknown) => {
        deps.log.error({ err: error, attempt: reporter.attempt }, 'recording an annotation failed');
      });
    },
  });
}
