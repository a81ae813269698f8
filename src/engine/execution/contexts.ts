import type { Json, JsonObject } from '../../jobs/json.ts';
import type { JobGrant } from '../../jobs/protocol/grant.ts';
import { EVENT, TEMP, WORKSPACE } from '../workspace/job-folder.ts';
import { type JobExecution, statusOf } from './job-execution.ts';
import type { GithubContexts, StepScope } from './step-scope.ts';

/** What the job's own expressions see: its `env`, its `container`. `event` is the payload of what started the run. */
export function jobContexts(grant: JobGrant, event: JsonObject): GithubContexts {
  return {
    vars: grant.github.vars ?? {},
    inputs: grant.github.inputs ?? {},
    github: githubContext(grant, event),
    needs: grant.needs,
    strategy: strategyContext(grant),
    matrix: grant.spec.matrix ?? {},
    secrets: grant.secrets,
    runner: RUNNER,
  };
}

/** What a step's expressions see, as of its start. `action` is GitHub's name for the step. */
export function stepContexts(execution: JobExecution, scope: StepScope, action: string): GithubContexts {
  return withEnv(scope, {
    ...scope.contexts,
    github: { ...scope.contexts.github, action },
    job: { status: GITHUB_STATUS[statusOf(execution)] },
    steps: Object.fromEntries(Object.entries(scope.results).map(([id, result]) => [id, { ...result }])),
  });
}

/** Adds `env`: the level's, what steps have exported so far, and the step's own. */
export function withEnv(scope: StepScope, contexts: GithubContexts, own: Record<string, string> = {}): GithubContexts {
  return { ...contexts, env: { ...scope.env, ...scope.exports.env, ...own } };
}

/** A context's property as the value of an environment variable; empty unless the property is a plain value. */
export function variableOf(value: Json | undefined): string {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}

const GITHUB_STATUS = { succeeded: 'success', failed: 'failure', cancelled: 'cancelled' };

/** Containers run on the worker's own processor. */
const ARCH = { x64: 'X64', arm64: 'ARM64', arm: 'ARM' }[process.arch as string] ?? process.arch.toUpperCase();

/** The `runner` context; steps also find it as variables. */
export const RUNNER = {
  os: 'Linux',
  arch: ARCH,
  name: 'gantry',
  environment: 'self-hosted',
  temp: TEMP,
  tool_cache: '/opt/hostedtoolcache',
  debug: '',
};

/** The grant's context, completed with what only the worker knows. */
function githubContext(grant: JobGrant, event: JsonObject): JsonObject {
  return {
    repository: grant.source?.name ?? '',
    run_id: grant.run,
    run_attempt: String(grant.number),
    job: grant.spec.base,
    sha: grant.sha ?? '',
    ref: grant.ref ?? '',
    ...grant.github,
    event,
    action: '',
    workspace: WORKSPACE,
    event_path: EVENT,
  };
}

function strategyContext({ spec: { strategy } }: JobGrant): JsonObject {
  return {
    'fail-fast': strategy.fail_fast,
    'job-index': strategy.job_index,
    'job-total': strategy.job_total,
    'max-parallel': strategy.max_parallel ?? strategy.job_total,
  };
}
