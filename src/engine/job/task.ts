import { unlessAborted } from '../../abort.ts';
import type { Exit } from '../../deps.ts';
import type { Verdict } from '../../jobs/protocol/verdict.ts';
import type { Step } from '../../jobs/run/step.ts';
import { chosenImage, createContainer } from '../sandbox/job-container.ts';
import { outputOf, verdictOfExit } from '../steps/script-step.ts';
import { endsAtOnce, verdictOfAbort, verdictOfError } from '../verdict.ts';
import type { Attempt } from './job-execution.ts';

const GRACE = 5_000;

/** A task whose container's own process is the work: any image does, it needs no shell. Shown as a job of one step. */
export async function runTask(attempt: Attempt): Promise<Verdict> {
  const step = newStep(attempt);
  await attempt.reporter.emit({ type: 'step', data: step });
  const verdict = await attend(attempt, step);
  await attempt.reporter.emit({ type: 'step', data: { ...step, ...verdict, finished_at: attempt.deps.now() } });
  return verdict;
}

function newStep({ deps }: Attempt): Step {
  return {
    number: 1,
    id: null,
    name: 'command',
    status: 'running',
    reason: null,
    exit_code: null,
    started_at: deps.now(),
    finished_at: null,
  };
}

async function attend(attempt: Attempt, step: Step): Promise<Verdict> {
  const signal = AbortSignal.any([attempt.signal, attempt.force]);
  try {
    signal.throwIfAborted();
    const exit = await runCommand(attempt, step, signal);
    return verdictOfExit(attempt.deps, attempt.grant, step.name, exit);
  } catch (error) {
    const verdict = signal.aborted ? verdictOfAbort(signal.reason) : verdictOfError(error);
    return { ...verdict, reason: verdict.reason && attempt.secrets.hide(verdict.reason) };
  }
}

async function runCommand(attempt: Attempt, step: Step, signal: AbortSignal): Promise<Exit> {
  const { docker } = attempt.deps;
  const container = await createContainer(attempt, {
    image: await chosenImage(attempt, step.number, signal),
    entrypoint: null,
    command: attempt.grant.command?.length ? attempt.grant.command : null,
    env: { ...attempt.env.job, ...attempt.env.container, ...ownVariables(attempt) },
    cwd: null,
    user: null,
    mounts: [],
  });
  attempt.container = container;
  const output = outputOf(attempt, step.number);
  const running = docker.run(container, {
    stdout: (chunk) => output.write('stdout', chunk),
    stderr: (chunk) => output.write('stderr', chunk),
  });
  try {
    const exit = await unlessAborted(running, signal);
    if (exit !== null) return exit;
    if (!endsAtOnce(attempt)) await unlessAborted(docker.stop(container, GRACE), attempt.force);
    await docker.remove(container);
    throw signal.reason;
  } finally {
    output.end();
  }
}

function ownVariables({ grant }: Attempt): Record<string, string> {
  return { GANTRY: 'true', GANTRY_RUN_ID: grant.run, GANTRY_JOB_ID: grant.job };
}
