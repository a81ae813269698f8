import type { LogStream } from '../../deps.ts';
import type { JsonObject } from '../../jobs/json.ts';
import type { JobGrant } from '../../jobs/protocol/grant.ts';
import type { Verdict } from '../../jobs/protocol/verdict.ts';
import type { EngineDeps } from '../engine-deps.ts';
import type { EventReporter } from '../event-reporter.ts';
import { Secrets } from '../secrets.ts';
import type { StepResult } from '../steps/step.ts';
import { type Folder, layOutFolder } from '../workspace/folder.ts';

/** One try at a job while it runs: what its steps have come to so far. */
export interface Attempt {
  readonly deps: EngineDeps;
  readonly grant: JobGrant;
  readonly reporter: EventReporter;
  /** Someone wants an end; the steps that ask for it (`always()`) still get their turn. */
  readonly signal: AbortSignal;
  /** An end without grace, at any time. */
  readonly force: AbortSignal;
  readonly folder: Folder;
  readonly secrets: Secrets;
  /** The payload of what started the run: `github.event`. */
  event: JsonObject;
  /** Evaluated: of workflow and job, of `container`, and what steps set by GITHUB_ENV; later ones win. */
  env: { job: Record<string, string>; container: Record<string, string>; steps: Record<string, string> };
  path: string[];
  /** By the steps' ids. */
  steps: Record<string, StepResult>;
  /** The job's container, from the first step that needs one. */
  container: string | null;
  /** The image it was made of. */
  image: string | null;
  /** The first failure that counts, and the abort that kept a step from its end: what the verdict is made of. */
  failure: Verdict | null;
  interruption: Verdict | null;
}

/** An attempt at its beginning. */
export function newAttempt(
  deps: EngineDeps,
  grant: JobGrant,
  reporter: EventReporter,
  signal: AbortSignal,
  force: AbortSignal,
): Attempt {
  return {
    deps,
    grant,
    reporter,
    signal,
    force,
    folder: layOutFolder(deps.config.work_dir, reporter.attempt),
    secrets: new Secrets(),
    event: {},
    env: { job: {}, container: {}, steps: {} },
    path: [],
    steps: {},
    container: null,
    image: null,
    failure: null,
    interruption: null,
  };
}

/** A line of ours in the job's log. */
export function say(attempt: Attempt, step: number, line: string, stream: LogStream = 'system'): void {
  attempt.reporter.log.write(step, stream, `${line}\n`);
}

/** Hides values from here on, in the log and in all else that leaves the host. */
export function mask(attempt: Attempt, values: readonly string[]): void {
  attempt.reporter.log.mask(values);
  attempt.secrets.add(values);
}
