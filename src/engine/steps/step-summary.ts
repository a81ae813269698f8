import { type Attempt, say } from '../job/job-execution.ts';
import { readRunnerFileStart } from '../workspace/runner-file.ts';

/** Of one step's summary, in bytes. */
const CAP = 64 * 1024;

/** What the step wrote to GITHUB_STEP_SUMMARY becomes lines of its log. Too long a summary is cut at a line, so that no part of a secret escapes the mask. */
export async function logSummary(attempt: Attempt, step: number): Promise<void> {
  const { text, size } = await readRunnerFileStart(attempt.folder.files.GITHUB_STEP_SUMMARY, CAP);
  const shown = size > CAP ? text.slice(0, text.lastIndexOf('\n') + 1) : text;
  if (size === 0) return;
  say(attempt, step, `Summary of step ${step}:`);
  if (shown !== '') say(attempt, step, shown.replace(/\r?\n$/, ''));
  if (size > CAP) say(attempt, step, `The summary holds ${size} bytes; of it whole lines up to 64 KiB are shown`);
}
