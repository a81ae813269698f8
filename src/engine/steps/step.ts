import type { Verdict } from '../../jobs/protocol/verdict.ts';
import type { Contexts, PlannedStep } from '../../jobs/run/plan.ts';

/** GitHub's words for how a step went: `outcome` as it was, `conclusion` after continue-on-error. */
export type StepWord = 'success' | 'failure' | 'cancelled' | 'skipped';

/** A step as the `steps` context shows it. */
export interface StepResult {
  outcome: StepWord;
  conclusion: StepWord;
  outputs: Record<string, string>;
}

/** A step whose turn has come, its templates evaluated. */
export interface StepTurn {
  number: number;
  name: string;
  planned: PlannedStep;
  env: Record<string, string>;
  with: Record<string, string>;
  contexts: Contexts;
  /** Ends the step: the attempt's end or the step's own timeout, whichever is first. */
  signal: AbortSignal;
}

/** What a step came to. One that was aborted throws `signal.reason`. */
export interface StepEnd {
  verdict: Verdict;
  outputs: Record<string, string>;
}
