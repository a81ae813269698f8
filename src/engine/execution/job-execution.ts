import type { LogStream } from '../../deps.ts';
import type { JobGrant } from '../../jobs/protocol/grant.ts';
import type { Verdict } from '../../jobs/protocol/verdict.ts';
import type { EngineDeps } from '../engine-deps.ts';
import type { EventReporter } from '../event-reporter.ts';
import { JobSandbox } from '../sandbox/job-sandbox.ts';
import type { AttemptIds } from '../sandbox/sandbox.ts';
import { Secrets } from '../secrets.ts';
import { verdictOfAbort } from '../verdict.ts';
import { type JobFolder, jobFolder } from '../workspace/job-folder.ts';

/** What the engine works with while it runs a job for an attempt. */
export interface JobExecution {
  readonly deps: EngineDeps;
  readonly grant: JobGrant;
  readonly owner: AttemptIds;
  readonly reporter: EventReporter;
  /** Stops the job; steps that ask for it (`always()`) still run. */
  readonly signal: AbortSignal;
  /** Stops everything without a grace period. */
  readonly force: AbortSignal;
  readonly folder: JobFolder;
  readonly sandbox: JobSandbox;
  readonly secrets: Secrets;
  /** The first failure that counts against the job. */
  failure: Verdict | null;
  /** The stop that kept a step from running or from ending by itself. */
  interruption: Verdict | null;
}

export function newExecution(
  deps: EngineDeps,
  grant: JobGrant,
  reporter: EventReporter,
  stop: { signal: AbortSignal; force: AbortSignal },
): JobExecution {
  return {
    deps,
    grant,
    owner: { run: grant.run, job: grant.job, attempt: reporter.attempt, number: grant.number },
    reporter,
    ...stop,
    folder: jobFolder(deps.config.work_dir, reporter.attempt),
    sandbox: new JobSandbox(),
    secrets: new Secrets(),
    failure: null,
    interruption: null,
  };
}

/** What success(), failure() and cancelled() test. */
export function statusOf({
  failure,
  interruption,
}: Pick<JobExecution, 'failure' | 'interruption'>): 'succeeded' | 'failed' | 'cancelled' {
  if (interruption !== null) return 'cancelled';
  return failure === null ? 'succeeded' : 'failed';
}

/** Records an abort. Call this only where the abort kept a step from running or from ending by itself: it then decides the verdict. */
export function recordAbort(execution: Pick<JobExecution, 'signal' | 'force' | 'interruption'>): void {
  const aborted = [execution.signal, execution.force].find((signal) => signal.aborted);
  if (aborted !== undefined) execution.interruption ??= verdictOfAbort(aborted.reason);
}

/** Writes a line of Gantry to the job's log. `step` 0 is the job itself. */
export function logLine(
  { reporter }: Pick<JobExecution, 'reporter'>,
  step: number,
  line: string,
  stream: LogStream = 'system',
): void {
  reporter.log.write(step, stream, `${line}\n`);
}

/** Hides values from now on, in the log and in everything else that leaves the host. */
export function mask({ reporter, secrets }: Pick<JobExecution, 'reporter' | 'secrets'>, values: readonly string[]) {
  reporter.log.mask(values);
  secrets.add(values);
}
