import type { PlannedStep } from '../jobs/plan.ts';
import type { Attempt } from './attempt.ts';
import { checkout } from './checkout.ts';
import { Refusal } from './refusal.ts';
import { runScript } from './run-step.ts';
import type { StepEnd, StepTurn } from './step.ts';

export type Performer = (attempt: Attempt, turn: StepTurn) => Promise<StepEnd>;

/** Who does a step: a process of the job's container, or one of the actions that are built in. */
export function performerOf(planned: PlannedStep): Performer {
  if (planned.run !== null) return runScript;
  const [action = '', version] = (planned.uses ?? '').split('@');
  if (action.toLowerCase() === 'actions/checkout' && version !== undefined) return checkout;
  throw new Refusal(
    `\`uses: ${planned.uses}\` is not supported; there are actions/checkout, gantry/build@v1 and gantry/deploy@v1`,
  );
}
