import type { JobKind, PlannedStep } from '../jobs/run/plan.ts';

/** The values that an input accepts: any text, a whole number, or one of a list. */
type Input = 'any' | 'whole_number' | readonly string[];

interface Action {
  uses: string;
  /** The version to suggest, and whether it is the only one. */
  version: string;
  has_one_version: boolean;
  inputs: Record<string, Input>;
  /** Inputs of the original action that Gantry rejects, each with the reason. */
  refused: Record<string, string>;
  required: readonly string[];
}

const LATER = 'is not supported by Gantry yet';

/** The kinds of steps: a `run` script (null) and the built-in actions. The engine has a handler for each. */
const STEP_KINDS = {
  script: null,
  checkout: {
    uses: 'actions/checkout',
    version: 'v4',
    has_one_version: false,
    inputs: {
      repository: 'any',
      ref: 'any',
      path: 'any',
      'fetch-depth': 'whole_number',
      'fetch-tags': ['true', 'false'],
      clean: ['true', 'false'],
      'persist-credentials': ['true', 'false'],
      'show-progress': ['true', 'false'],
      'set-safe-directory': ['true', 'false'],
      submodules: ['false'],
      lfs: ['false'],
    },
    refused: {
      token: 'is refused: Gantry clones with the credentials of the registered repository',
      'ssh-key': LATER,
      'ssh-known-hosts': LATER,
      'ssh-strict': LATER,
      'ssh-user': LATER,
      filter: LATER,
      'sparse-checkout': LATER,
      'sparse-checkout-cone-mode': LATER,
      'github-server-url': LATER,
    },
    required: [],
  },
  build: {
    uses: 'gantry/build',
    version: 'v1',
    has_one_version: true,
    inputs: {
      context: 'any',
      file: 'any',
      tags: 'any',
      'build-args': 'any',
      target: 'any',
      labels: 'any',
      push: ['true', 'false'],
    },
    refused: {},
    required: [],
  },
  deploy: {
    uses: 'gantry/deploy',
    version: 'v1',
    has_one_version: true,
    inputs: { environment: 'any', image: 'any' },
    refused: {},
    required: ['image'],
  },
} satisfies Record<string, Action | null>;

export type StepKind = keyof typeof STEP_KINDS;

const ACTIONS: readonly (readonly [StepKind, Action])[] = Object.entries(STEP_KINDS).flatMap(([kind, action]) =>
  action === null ? [] : [[kind as StepKind, action] as const],
);

/** The environment of a deploy step that names none. */
export const DEFAULT_ENVIRONMENT = 'production';

/** Null when a step uses an action that Gantry does not have. */
export function stepKindOf({ run, uses }: Pick<PlannedStep, 'run' | 'uses'>): StepKind | null {
  if (run !== null || uses === null) return 'script';
  return ACTIONS.find(([, action]) => action.uses === nameOf(uses))?.[0] ?? null;
}

/** Why Gantry cannot run the action of a `uses`; null when it can. */
export function refusalOf(uses: string): string | null {
  const action = find(uses);
  if (action === undefined)
    return `\`uses: ${uses}\` ${LATER}; the supported actions are ${ACTIONS.map(([, known]) => known.uses).join(', ')}`;
  if (!uses.includes('@')) return `\`uses: ${uses}\` needs a version, such as ${action.uses}@${action.version}`;
  if (action.has_one_version && !uses.endsWith(`@${action.version}`))
    return `\`${action.uses}\` has only one version: ${action.uses}@${action.version}`;
  return null;
}

/** Why an input, named in lower case, cannot have this value; null when it can. A template is checked when it is evaluated. */
export function inputProblem(uses: string, name: string, value: string): string | null {
  const action = find(uses);
  const refused = own(action?.refused, name);
  if (refused !== undefined) return `The input \`${name}\` of ${nameOf(uses)} ${refused}`;
  const input = own(action?.inputs, name);
  if (input === undefined)
    return `${nameOf(uses)} has no input \`${name}\`; it has ${Object.keys(action?.inputs ?? {}).join(', ')}`;
  if (input === 'any' || value.includes('${{')) return null;
  if (input === 'whole_number')
    return /^\d{1,9}$/.test(value) ? null : `\`${name}\` must be a whole number, 0 or greater`;
  if (input.includes(value.toLowerCase())) return null;
  return input.length > 1 ? `\`${name}\` must be ${input.join(' or ')}` : `\`${name}: ${value}\` ${LATER}`;
}

export function missingInputs(uses: string, given: readonly string[]): string[] {
  return (find(uses)?.required ?? []).filter((name) => !given.includes(name));
}

export function kindOf(steps: readonly PlannedStep[]): JobKind {
  const kinds = new Set(steps.map(stepKindOf));
  if (kinds.has('deploy')) return 'deploy';
  return kinds.has('build') ? 'build' : 'test';
}

/** Environments that deploy steps name without an expression. */
export function environmentsOf(steps: readonly PlannedStep[]): string[] {
  const names = steps
    .filter((step) => stepKindOf(step) === 'deploy')
    .map((step) => step.with.environment ?? DEFAULT_ENVIRONMENT);
  return [...new Set(names.filter((name) => !name.includes('${{')))];
}

function find(uses: string): Action | undefined {
  return ACTIONS.find(([, action]) => action.uses === nameOf(uses))?.[1];
}

/** The action without its version, in lower case: `actions/checkout`. */
function nameOf(uses: string): string {
  return uses.replace(/@.*$/s, '').toLowerCase();
}

/** Ignores inherited properties: a file can name an input `constructor`. */
function own<T>(record: Record<string, T> | undefined, name: string): T | undefined {
  return record !== undefined && Object.hasOwn(record, name) ? record[name] : undefined;
}
