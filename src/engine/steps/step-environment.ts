import type { Json, JsonObject } from '../../jobs/json.ts';

export const WORKSPACE = '/github/workspace';
export const TEMP = '/github/temp';
export const EVENT = '/github/workflow/event.json';

/** Of the `github` context: what steps also find as variables. */
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

/** The environment of a step. Later layers win; GITHUB_*, RUNNER_* and GANTRY_* are ours and cannot be set over. */
export function stepEnvironment(
  layers: Record<string, string>[],
  github: JsonObject,
  ids: { run: string; job: string },
  files: Record<string, string>,
): Record<string, string> {
  return {
    CI: 'true',
    // The work tree belongs to the worker's user, not to the container's.
    GIT_CONFIG_COUNT: '1',
    GIT_CONFIG_KEY_0: 'safe.directory',
    GIT_CONFIG_VALUE_0: '*',
    ...Object.assign({}, ...layers),
    GITHUB_ACTIONS: 'true',
    ...Object.fromEntries(GITHUB_KEYS.map((key) => [`GITHUB_${key.toUpperCase()}`, textOf(github[key])])),
    ...files,
    RUNNER_OS: 'Linux',
    RUNNER_ARCH: runnerArch(),
    RUNNER_NAME: 'gantry',
    RUNNER_ENVIRONMENT: 'self-hosted',
    RUNNER_TEMP: TEMP,
    RUNNER_TOOL_CACHE: '/opt/hostedtoolcache',
    GANTRY: 'true',
    GANTRY_RUN_ID: ids.run,
    GANTRY_JOB_ID: ids.job,
  };
}

/** The `runner` context. */
export function runnerContext(): JsonObject {
  return {
    os: 'Linux',
    arch: runnerArch(),
    name: 'gantry',
    environment: 'self-hosted',
    temp: TEMP,
    tool_cache: '/opt/hostedtoolcache',
    debug: '',
  };
}

/** Containers run on the worker's own processor. */
function runnerArch(): string {
  return { x64: 'X64', arm64: 'ARM64', arm: 'ARM' }[process.arch as string] ?? process.arch.toUpperCase();
}

function textOf(value: Json | undefined): string {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}
