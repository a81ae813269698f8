import type { JsonObject } from '../../jobs/json.ts';
import type { JobGrant } from '../../jobs/protocol/grant.ts';
import { RUNNER, variableOf } from '../execution/contexts.ts';
import type { StepScope } from '../execution/step-scope.ts';
import { RUNNER_FILES, RUNNER_FOLDER } from '../workspace/runner-file.ts';

/** Properties of the `github` context that steps also find as variables. */
const GITHUB_KEYS = [
  'action',
  'actor',
  'api_url',
  'base_ref',
  'event_name',
  'event_path',
  'graphql_url',
  'head_ref',
  'job',
  'ref',
  'ref_name',
  'ref_type',
  'repository',
  'repository_owner',
  'run_attempt',
  'run_id',
  'run_number',
  'server_url',
  'sha',
  'triggering_actor',
  'workflow',
  'workspace',
];

const RUNNER_KEYS = ['os', 'arch', 'name', 'environment', 'temp', 'tool_cache'] as const;

/** The environment of a step's processes; `own` is the step's `env`. GITHUB_*, RUNNER_* and GANTRY_* cannot be overridden. */
export function stepEnvironment(
  { env, container_env, exports }: StepScope,
  own: Record<string, string>,
  github: JsonObject,
  { run, job }: Pick<JobGrant, 'run' | 'job'>,
): Record<string, string> {
  return {
    CI: 'true',
    // The work tree belongs to the worker's user, not to the container's.
    GIT_CONFIG_COUNT: '1',
    GIT_CONFIG_KEY_0: 'safe.directory',
    GIT_CONFIG_VALUE_0: '*',
    ...env,
    ...container_env,
    ...exports.env,
    ...own,
    GITHUB_ACTIONS: 'true',
    ...Object.fromEntries(GITHUB_KEYS.map((key) => [`GITHUB_${key.toUpperCase()}`, variableOf(github[key])])),
    ...Object.fromEntries(Object.entries(RUNNER_FILES).map(([name, file]) => [name, `${RUNNER_FOLDER}/${file}`])),
    ...Object.fromEntries(RUNNER_KEYS.map((key) => [`RUNNER_${key.toUpperCase()}`, RUNNER[key]])),
    ...gantryVariables({ run, job }),
  };
}

export function gantryVariables({ run, job }: Pick<JobGrant, 'run' | 'job'>): Record<string, string> {
  return { GANTRY: 'true', GANTRY_RUN_ID: run, GANTRY_JOB_ID: job };
}
