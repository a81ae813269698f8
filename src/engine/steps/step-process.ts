import { unlessAborted } from '../../abort.ts';
import type { Exit } from '../../deps.ts';
import type { Verdict } from '../../jobs/protocol/verdict.ts';
import { jobLimits } from '../execution/ensure-sandbox.ts';
import { type JobExecution, mask } from '../execution/job-execution.ts';
import type { Output, Process } from '../sandbox/sandbox.ts';
import { SUCCESS } from '../verdict.ts';
import { StepOutput } from './step-output.ts';

/** Runs a step's process until it ends. An abort ends the process, and then throws `signal.reason`. */
export async function runProcess(
  execution: JobExecution,
  step: { number: number; signal: AbortSignal },
  start: (output: Output) => Promise<Process>,
): Promise<Exit> {
  const output = stepOutput(execution, step.number);
  const starting = start({
    stdout: (chunk) => output.write('stdout', chunk),
    stderr: (chunk) => output.write('stderr', chunk),
  });
  try {
    const exit = await unlessAborted(
      starting.then((process) => process.wait()),
      step.signal,
    );
    if (exit !== null) return exit;
    await execution.sandbox.endProcess(starting, execution);
    throw step.signal.reason;
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

function stepOutput(execution: JobExecution, step: number): StepOutput {
  const { deps, reporter, secrets } = execution;
  return new StepOutput({
    write: (stream, chunk) => reporter.log.write(step, stream, chunk),
    mask: (value) => mask(execution, [value]),
    annotate: (annotation) => {
      const data = { ...annotation, message: secrets.hide(annotation.message) };
      reporter.emit({ type: 'annotation', data }).catch((error: unknown) => {
        deps.log.error({ err: error, attempt: reporter.attempt }, 'recording an annotation failed');
      });
    },
  });
}
