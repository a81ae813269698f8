import type { PlannedStep } from '../../jobs/run/plan.ts';
import { actionOf, refusalOf } from '../../workflows/action.ts';
import { buildStep } from '../build/build-step.ts';
import { deployStep } from '../deploy/deploy-step.ts';
import type { Attempt } from '../job/job-execution.ts';
import { UserError } from '../user-error.ts';
import { checkout } from '../workspace/checkout-step.ts';
import { runScript } from './script-step.ts';
import type { StepEnd, StepTurn } from './step.ts';

export type StepHandler = (attempt: Attempt, turn: StepTurn) => Promise<StepEnd>;

const ACTIONS: Record<string, StepHandler> = {
  'actions/checkout': checkout,
  'gantry/build': buildStep,
  'gantry/deploy': deployStep,
};

/** Who does a step: a process of the job's container, or one of the actions that are built in. */
export function stepHandlerOf({ run, uses }: PlannedStep): StepHandler {
  if (run !== null || uses === null) return runScript;
  const handler = ACTIONS[actionOf(uses)];
  const refusal = refusalOf(uses);
  if (handler === undefined || refusal !== null) throw new UserError(refusal ?? `\`uses: ${uses}\` is not supported`);
  return handler;
}
