import type { JobKind, PlannedStep } from '../jobs/run/plan.ts';

/** What is known of an action's inputs: `any`, a `whole` number, or the only values that we can do. */
type Input = 'any' | 'whole' | readonly string[];

interface Action {
  inputs: Record<string, Input>;
  /** Inputs that the action has and we refuse, each with the reason. */
  refused: Record<string, string>;
  required: readonly string[];
}

const LATER = 'is not supported by Gantry yet';

const ACTIONS: Record<string, Action> = {
  'actions/checkout': {
    inputs: {
      repository: 'any',
      ref: 'any',
      path: 'any',
      'fetch-depth': 'whole',
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
  'gantry/build': {
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
  'gantry/deploy': { inputs: { environment: 'any', image: 'any' }, refused: {}, required: ['image'] },
};

/** Where a deployment goes when its step does not say. */
export const DEFAULT_ENVIRONMENT = 'production';

/** The action without its version, in lower case: `actions/checkout`. */
export function actionOf(uses: string): string {
  return uses.replace(/@.*$/s, '').toLowerCase();
}

/** Why we cannot run what a step uses; null when we can. */
export function refusalOf(uses: string): string | null {
  const action = actionOf(uses);
  if (find(action) === undefined) return `\`uses: ${uses}\` ${LATER}; there are ${Object.keys(ACTIONS).join(', ')}`;
  if (!uses.includes('@'))
    return `\`uses: ${uses}\` needs a version, such as ${action}@${action === 'actions/checkout' ? 'v4' : 'v1'}`;
  if (action.startsWith('gantry/') && !uses.endsWith('@v1')) return `\`${action}\` has one version: ${action}@v1`;
  return null;
}

/** Why an input, named in lower case, cannot be given so; null when it can. Templates are judged when they have a value. */
export function inputProblem(uses: string, name: string, value: string): string | null {
  const action = find(actionOf(uses));
  const refused = own(action?.refused, name);
  if (refused !== undefined) return `The input \`${name}\` of ${actionOf(uses)} ${refused}`;
  const input = own(action?.inputs, name);
  if (input === undefined)
    return `${actionOf(uses)} has no input \`${name}\`; it has ${Object.keys(action?.inputs ?? {}).join(', ')}`;
  if (input === 'any' || value.includes('${{')) return null;
  if (input === 'whole') return /^\d{1,9}$/.test(value) ? null : `\`${name}\` must be a whole number from 0`;
  if (input.includes(value.toLowerCase())) return null;
  return input.length > 1 ? `\`${name}\` must be ${input.join(' or ')}` : `\`${name}: ${value}\` ${LATER}`;
}

export function missingInputs(uses: string, given: readonly string[]): string[] {
  return (find(actionOf(uses))?.required ?? []).filter((name) => !given.includes(name));
}

export function kindOf(steps: readonly PlannedStep[]): JobKind {
  const used = new Set(steps.map((step) => actionOf(step.uses ?? '')));
  if (used.has('gantry/deploy')) return 'deploy';
  return used.has('gantry/build') ? 'build' : 'test';
}

/** Environments that deploy steps name literally. */
export function environmentsOf(steps: readonly PlannedStep[]): string[] {
  const names = steps
    .filter((step) => actionOf(step.uses ?? '') === 'gantry/deploy')
    .map((step) => step.with.environment ?? DEFAULT_ENVIRONMENT);
  return [...new Set(names.filter((name) => !name.includes('${{')))];
}

function find(action: string): Action | undefined {
  return own(ACTIONS, action);
}

/** `constructor` is a name like any other. */
function own<T>(record: Record<string, T> | undefined, name: string): T | undefined {
  return record !== undefined && Object.hasOwn(record, name) ? record[name] : undefined;
}
