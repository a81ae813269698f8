import type { JsonObject } from '../../jobs/json.ts';
import type { Contexts } from '../../jobs/run/plan.ts';

/**
 * What the steps of one level share. The job's own steps are the outermost level; the steps of a composite action would get a scope with
 * contexts (its `inputs`) and results of its own and the job's `exports`.
 */
export interface StepScope {
  /** Numbers of the steps that enclose this level: empty for the job's own steps. */
  readonly enclosing: readonly number[];
  /** What expressions see in every step of this level. `stepContexts` adds the rest. */
  readonly contexts: GithubContexts;
  /** The level's `env`, evaluated. */
  readonly env: Record<string, string>;
  /** `container.env`: processes get it, above `env`; expressions do not see it. */
  readonly container_env: Record<string, string>;
  readonly exports: StepExports;
  /** Of the steps that have ended, by their `id`. */
  readonly results: Record<string, StepResult>;
}

export type GithubContexts = Contexts & { github: JsonObject };

/** What steps set for all steps after them: GITHUB_ENV and GITHUB_PATH. */
export interface StepExports {
  env: Record<string, string>;
  /** Folders to search before the container's PATH, in this order. */
  path: string[];
}

/** A step as the `steps` context shows it. */
export interface StepResult {
  outcome: StepOutcome;
  /** The outcome after `continue-on-error`. */
  conclusion: StepOutcome;
  outputs: Record<string, string>;
}

/** GitHub's words. */
export type StepOutcome = 'success' | 'failure' | 'cancelled' | 'skipped';
