import { posix } from 'node:path';
import { unlessAborted } from '../../abort.ts';
import type { Exit } from '../../deps.ts';
import type { JobGrant } from '../../jobs/protocol/grant.ts';
import type { Verdict } from '../../jobs/protocol/verdict.ts';
import { interpolate } from '../../workflows/expressions/template.ts';
import type { EngineDeps } from '../engine-deps.ts';
import { evaluated } from '../job/evaluation.ts';
import { type Attempt, mask, say } from '../job/job-execution.ts';
import { explained, jobLimits, NO_SHELL, needContainer } from '../sandbox/job-container.ts';
import { endProcess } from '../sandbox/process-end.ts';
import { UserError } from '../user-error.ts';
import { SUCCESS } from '../verdict.ts';
import { readRunnerFile, writeRunnerFile } from '../workspace/runner-file.ts';
import { isReserved, parseEnvFile, parsePathFile } from './env-file.ts';
import { shellCommand, wrapped } from './shell.ts';
import type { StepEnd, StepTurn } from './step.ts';
import { WORKSPACE } from './step-environment.ts';
import { StepOutput } from './step-output.ts';
import { logSummary } from './step-summary.ts';

/** A `run` step: its script as a process of the job's container. */
export async function runScript(attempt: Attempt, turn: StepTurn): Promise<StepEnd> {
  const { shell, run, working_directory } = await scriptOf(attempt, turn);
  const command = shellCommand(shell);
  const container = await needContainer(attempt, turn.number, turn.signal);
  await clearRunnerFiles(attempt);
  await writeRunnerFile(attempt.folder.script, run);
  const argv = wrapped(command, attempt.path, working_directory);
  const exit = await summarized(attempt, turn.number, follow(attempt, turn, container, argv));
  const outputs = await heard(attempt, turn.number);
  return { verdict: verdictOfExit(attempt.deps, attempt.grant, turn.name, exit), outputs };
}

/** What an exit code means, in a sentence. */
export function verdictOfExit(deps: EngineDeps, grant: JobGrant, name: string, exit: Exit): Verdict {
  if (exit.exit_code === 0) return { ...SUCCESS, exit_code: 0 };
  const mib = Math.floor(jobLimits(deps, grant).memory / 1024 / 1024);
  const reason = exit.oom_killed
    ? `step \`${name}\` was killed: it needed more memory than its limit of ${mib} MiB`
    : `step \`${name}\` exited with code ${exit.exit_code}`;
  return { status: 'failed', reason, exit_code: exit.exit_code };
}

/** The sink of a step's output: the log, and what its lines ask for. */
export function outputOf(attempt: Attempt, step: number): StepOutput {
  return new StepOutput({
    write: (stream, chunk) => attempt.reporter.log.write(step, stream, chunk),
    mask: (value) => mask(attempt, [value]),
    annotate: (annotation) => {
      const data = { ...annotation, message: attempt.secrets.hide(annotation.message) };
      attempt.reporter.emit({ type: 'annotation', data }).catch((error: unknown) => {
        attempt.deps.log.error({ err: error, attempt: attempt.reporter.attempt }, 'an annotation is lost');
      });
    },
  });
}

/** The script and how it is to be run, evaluated before it can change what it is evaluated from. */
function scriptOf(attempt: Attempt, { planned, contexts }: StepTurn) {
  return evaluated(attempt, (functions) => {
    const valueOf = (template: string) => interpolate(template, contexts, functions);
    const folder = planned.working_directory;
    return {
      shell: planned.shell === null ? null : valueOf(planned.shell),
      run: valueOf(planned.run ?? ''),
      working_directory: folder === null ? WORKSPACE : posix.resolve(WORKSPACE, valueOf(folder)),
    };
  });
}

/** Also of a step that was ended before its time. */
async function summarized(attempt: Attempt, step: number, following: Promise<Exit>): Promise<Exit> {
  try {
    return await following;
  } finally {
    await logSummary(attempt, step);
  }
}

/** Runs it to its end; an abort ends the process and then throws `signal.reason`. */
async function follow(attempt: Attempt, turn: StepTurn, container: string, argv: string[]): Promise<Exit> {
  const output = outputOf(attempt, turn.number);
  const given_up = new AbortController();
  const running = attempt.deps.docker.exec(
    container,
    { argv, env: turn.env, cwd: '/' },
    {
      stdout: (chunk) => output.write('stdout', chunk),
      stderr: (chunk) => output.write('stderr', chunk),
      signal: given_up.signal,
    },
  );
  try {
    const exit = await unlessAborted(running, turn.signal);
    if (exit !== null) return await reached(attempt, exit);
    await endProcess(attempt, running);
    throw turn.signal.reason;
  } catch (error) {
    throw await explained(attempt, container, error);
  } finally {
    given_up.abort();
    output.end();
  }
}

/** The Engine's own word for a shell that is not there is an exit code too; then our wrapper never said which process it is. */
async function reached({ folder }: Attempt, exit: Exit): Promise<Exit> {
  const isNone = exit.exit_code === 126 || exit.exit_code === 127;
  if (isNone && (await readRunnerFile(folder.pid, 'the pid file')) === '') throw new UserError(NO_SHELL);
  return exit;
}

async function clearRunnerFiles({ folder }: Attempt): Promise<void> {
  for (const path of [folder.pid, ...Object.values(folder.files)]) await writeRunnerFile(path, '');
}

/** What the step wrote for us: returns its outputs and keeps what it set for the steps after it. */
async function heard(attempt: Attempt, step: number): Promise<Record<string, string>> {
  const { files } = attempt.folder;
  for (const [name, value] of await readEntries(files.GITHUB_ENV, 'GITHUB_ENV')) {
    if (isReserved(name)) say(attempt, step, `GITHUB_ENV: ${name} cannot be set by a step`);
    else attempt.env.steps[name] = value;
  }
  const folders = parsePathFile(await readRunnerFile(files.GITHUB_PATH, 'GITHUB_PATH'));
  attempt.path = [...folders, ...attempt.path];
  return Object.fromEntries(await readEntries(files.GITHUB_OUTPUT, 'GITHUB_OUTPUT'));
}

async function readEntries(path: string, name: string): Promise<[string, string][]> {
  const { entries, problem } = parseEnvFile(await readRunnerFile(path, name));
  if (problem !== null) throw new UserError(`${name}: ${problem}`);
  return entries;
}
