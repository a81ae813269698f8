import type { PlannedStep } from '../jobs/plan.ts';
import { actionOf, refusalOf } from '../workflows/action.ts';
import type { Attempt } from './attempt.ts';
import { buildStep } from './build-step.ts';
import { checkout } from './checkout.ts';
import { deployStep } from './deploy-step.ts';
import { Refusal } from './refusal.ts';
import { runScript } from './run-step.ts';
import type { StepEnd, StepTurn } from './step.ts';

export type Performer = (attempt: Attempt, turn: StepTurn) => Promise<StepEnd>;

const ACTIONS: Record<string, Performer> = {
  'actions/checkout': checkout,
  'gantry/build': buildStep,
  'gantry/deploy': deployStep,
};

/** Who does a step: a process of the job's container, or one of the actions that are built in. */
export function performerOf({ run, uses }: PlannedStep): Performer {
  if (run !== null || uses === null) return runScript;
  const performer = ACTIONS[actionOf(uses)];
  const refusal = refusalOf(uses);
  if (performer === undefined || refusal !== null) throw new Refusal(refusal ?? `\`uses: ${uses}\` is not supported`);
  return performer;
}
