import type { PlannedStep } from '../../jobs/run/plan.ts';
import { refusalOf, type StepKind, stepKindOf } from '../../workflows/action.ts';
import { buildStep } from '../build/build-step.ts';
import { deployStep } from '../deploy/deploy-step.ts';
import type { JobExecution } from '../execution/job-execution.ts';
import type { RunningStep, StepEnd } from '../execution/step.ts';
import type { StepScope } from '../execution/step-scope.ts';
import { UserError } from '../user-error.ts';
import { checkoutStep } from './checkout-step.ts';
import { scriptStep } from './script-step.ts';

type StepHandler = (execution: JobExecution, step: RunningStep, scope: StepScope) => Promise<StepEnd>;

const HANDLERS = {
  script: scriptStep,
  checkout: checkoutStep,
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
