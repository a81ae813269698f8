import type { Verdict } from '../../jobs/protocol/verdict.ts';
import type { PlannedStep } from '../../jobs/run/plan.ts';
import type { GithubContexts, StepScope } from './step-scope.ts';

/** An action may have a step before the first and one after the last step of the job, besides the one in the file. */
export type Stage = 'pre' | 'main' | 'post';

/** A step in its place in the job. */
export interface PlacedStep {
  /** Unique in the job: `3`, in the scope of that step `3.1`, and its clean-up `3-post`. */
  id: string;
  /** The number of the job's own step that it is or belongs to: its log lines and events carry it. */
  number: number;
  stage: Stage;
  planned: PlannedStep;
}

/** A step that is next to run. */
export interface PreparedStep extends PlacedStep {
  name: string;
  started_at: number;
  /** What its expressions see. */
  contexts: GithubContexts;
}

/** A step that its handler runs, with its `env`, `with` and `timeout-minutes` evaluated. */
export interface RunningStep extends PreparedStep {
  /** The environment of its processes. */
  env: Record<string, string>;
  with: Record<string, string>;
  /** Ends the step: a stop of the job, or the step's own timeout. */
  signal: AbortSignal;
}

/** How a step ended. A handler whose step was aborted throws `signal.reason` instead. */
export interface StepEnd {
  verdict: Verdict;
  outputs: Record<string, string>;
}

export function placeStep(scope: StepScope, number: number, stage: Stage, planned: PlannedStep): PlacedStep {
  const numbers = [...scope.enclosing, number];
  const id = numbers.join('.') + (stage === 'main' ? '' : `-${stage}`);
  return { id, number: numbers[0] ?? number, stage, planned };
}
