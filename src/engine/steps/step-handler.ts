import type { PlannedStep } from '../../jobs/run/plan.ts';
import { refusalOf, type StepKind, stepKindOf } from '../../workflows/action.ts';
import { buildStep } from '../build/build-step.ts';
import { deployStep } from '../deploy/deploy-step.ts';
import type { Attempt } from '../job/job-execution.ts';
import { UserError } from '../user-error.ts';
import { checkout } from '../workspace/checkout-step.ts';
import { runScript } from './script-step.ts';
import type { StepEnd, StepTurn } from './step.ts';

type StepHandler = (attempt: Attempt, turn: StepTurn) => Promise<StepEnd>;

const HANDLERS = {
  script: runScript,
  checkout,
  build: buildStep,
  deploy: deployStep,
} satisfies Record<StepKind, StepHandler>;

/** Throws a `UserError` for an action, or a version of one, that Gantry does not have. */
export function stepHandlerOf(planned: PlannedStep): StepHandler {
  const kind = stepKindOf(planned);
  const refusal = kind === 'script' ? null : refusalOf(planned.uses ?? '');
  if (kind === null || refusal !== null) throw new UserError(refusal ?? `\`uses: ${planned.uses}\` is not supported`);
  return HANDLERS[kind];
}
