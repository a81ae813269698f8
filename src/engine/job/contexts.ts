import type { JsonObject } from '../../jobs/json.ts';
import type { Contexts } from '../../jobs/run/plan.ts';
import { EVENT, runnerContext, WORKSPACE } from '../steps/step-environment.ts';
import type { Attempt } from './job-execution.ts';

/** What expressions of a step see at this moment; `env` is the step's own where it has one. */
export function contextsOf(attempt: Attempt, action: string, env: Record<string, string> = {}): Contexts {
  return {
    ...jobContexts(attempt),
    github: githubContext(attempt, action),
    env: { ...attempt.env.job, ...attempt.env.steps, ...env },
    job: { status: GITHUB_WORDS[standing(attempt)] },
    steps: Object.fromEntries(Object.entries(attempt.steps).map(([id, result]) => [id, { ...result }])),
  };
}

/** What the job itself sees before its first step: its `env`, its `container`. */
export function jobContexts(attempt: Attempt): Contexts {
  const { grant } = attempt;
  return {
    ...objectOf(grant.github, 'vars'),
    ...objectOf(grant.github, 'inputs'),
    github: githubContext(attempt, ''),
    needs: grant.needs,
    strategy: strategyContext(attempt),
    matrix: grant.spec.matrix ?? {},
    secrets: grant.secrets,
    runner: runnerContext(),
  };
}

/** How the job stands: what success(), failure() and cancelled() ask. */
export function standing(attempt: Attempt): 'succeeded' | 'failed' | 'cancelled' {
  if (attempt.interruption !== null) return 'cancelled';
  return attempt.failure === null ? 'succeeded' : 'failed';
}

const GITHUB_WORDS = { succeeded: 'success', failed: 'failure', cancelled: 'cancelled' };

/** The grant's, with what only this attempt knows. */
export function githubContext({ grant, event }: Attempt, action: string): JsonObject {
  return {
    repository: grant.source?.name ?? '',
    run_id: grant.run,
    run_attempt: String(grant.number),
    job: grant.spec.base,
    sha: grant.sha ?? '',
    ref: grant.ref ?? '',
    ...grant.github,
    event,
    action,
    workspace: WORKSPACE,
    event_path: EVENT,
  };
}

function strategyContext({ grant: { spec } }: Attempt): JsonObject {
  const { strategy } = spec;
  return {
    'fail-fast': strategy.fail_fast,
    'job-index': strategy.job_index,
    'job-total': strategy.job_total,
    'max-parallel': strategy.max_parallel ?? strategy.job_total,
  };
}

/** The grant has `vars` and `inputs` beside the github context's own keys. */
function objectOf(github: JsonObject, key: 'vars' | 'inputs'): Contexts {
  return { [key]: github[key] ?? {} };
}
