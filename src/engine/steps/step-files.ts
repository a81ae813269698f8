import { type JobExecution, logLine } from '../execution/job-execution.ts';
import type { StepScope } from '../execution/step-scope.ts';
import { UserError } from '../user-error.ts';
import type { JobFolder } from '../workspace/job-folder.ts';
import { readRunnerFile, readRunnerFileStart, writeRunnerFile } from '../workspace/runner-file.ts';
import { isReserved, parseEnvFile, parsePathFile } from './env-file.ts';

/** Empties the files before the next step. */
export async function clearStepFiles({ files }: JobFolder): Promise<void> {
  for (const path of Object.values(files)) await writeRunnerFile(path, '');
}

/** Reads what a step wrote: returns its outputs, and adds what it exports to the scope. */
export async function readStepFiles(
  { reporter, folder: { files } }: Pick<JobExecution, 'reporter' | 'folder'>,
  { exports }: StepScope,
  step: number,
): Promise<Record<string, string>> {
  for (const [name, value] of await readEntries(files.GITHUB_ENV, 'GITHUB_ENV')) {
    if (isReserved(name)) logLine({ reporter }, step, `GITHUB_ENV: ${name} cannot be set by a step`);
    else exports.env[name] = value;
  }
  exports.path.unshift(...parsePathFile(await readRunnerFile(files.GITHUB_PATH, 'GITHUB_PATH')));
  return Object.fromEntries(await readEntries(files.GITHUB_OUTPUT, 'GITHUB_OUTPUT'));
}

async function readEntries(path: string, name: string): Promise<[string, string][]> {
  const { entries, problem } = parseEnvFile(await readRunnerFile(path, name));
  if (problem !== null) throw new UserError(`${name}: ${problem}`);
  return entries;
}

/** In bytes. */
const SUMMARY_LIMIT = 64 * 1024;

/** Writes the step's GITHUB_STEP_SUMMARY to its log. A long one is cut at a line, so that no part of a secret escapes the mask. */
export async function logSummary(execution: Pick<JobExecution, 'reporter' | 'folder'>, step: number): Promise<void> {
  const { text, size } = await readRunnerFileStart(execution.folder.files.GITHUB_STEP_SUMMARY, SUMMARY_LIMIT);
  const isCut = size > SUMMARY_LIMIT;
  const shown = isCut ? text.slice(0, text.lastIndexOf('\n') + 1) : text;
  if (size === 0) return;
  logLine(execution, step, `Summary of step ${step}:`);
  if (shown !== '') logLine(execution, step, shown.replace(/\r?\n$/, ''));
  if (isCut) logLine(execution, step, `The summary is ${size} bytes long; only whole lines up to 64 KiB are shown`);
}
