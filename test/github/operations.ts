import { z } from 'zod';
import type { Contract } from './contract.ts';
import { type CommitStatus, type Deployment, nextId, type Repository } from './repository.ts';

export interface Answer {
  status: number;
  headers?: Record<string, string>;
  body: unknown;
}

interface Call {
  contract: Contract;
  repository: Repository;
  params: Record<string, string>;
  /** Already checked against the description. */
  body: unknown;
}

const NewStatus = z.object({
  state: z.string(),
  context: z.string().default('default'),
  description: z.string().nullish(),
  target_url: z.string().nullish(),
});
const NewDeployment = z.object({
  ref: z.string(),
  environment: z.string().default('production'),
  description: z.string().nullish(),
  auto_merge: z.boolean().default(true),
  required_contexts: z.array(z.string()).optional(),
});
const NewDeploymentStatus = z.object({
  state: z.string(),
  description: z.string().default(''),
  log_url: z.string().default(''),
  environment_url: z.string().default(''),
});

/** Operations with state. Any other operation of the slice returns the example of the description. */
export const operations: Record<string, (call: Call) => Answer> = {
  'repos/get': ({ contract, repository }) => {
    const { id, full_name, clone_url, default_branch } = repository;
    const [, name] = full_name.split('/');
    const known = { id, name, full_name, clone_url, default_branch, private: repository.private };
    // The example lacks a required field, and it is a fork.
    const { parent: _, source: __, ...example } = object(contract.example('repos/get', 200));
    return { status: 200, body: { language: null, ...example, ...known } };
  },

  'repos/create-commit-status': ({ contract, repository, params, body }) => {
    const given = NewStatus.parse(body);
    const sha = params.sha ?? '';
    const errors = [...checkDescription(given.description), ...checkLink('target_url', given.target_url)];
    if (!/^[0-9a-f]{40}$/.test(sha)) errors.push({ message: `No commit found for SHA: ${sha}` });
    const sameContext = repository.statuses.filter((it) => it.sha === sha && it.context === given.context);
    if (sameContext.length >= 1000)
      errors.push({ message: 'This SHA and context has reached the maximum number of statuses.' });
    if (errors.length > 0) return refuse(errors);
    const { context, state, description = null, target_url = null } = given;
    const status = { id: nextId(), sha, context, state, description, target_url };
    repository.statuses.push(status);
    return { status: 201, body: showStatus(contract, status) };
  },

  'repos/list-commit-statuses-for-ref': ({ contract, repository, params }) => {
    const newestFirst = repository.statuses.filter((status) => status.sha === params.ref).toReversed();
    return { status: 200, body: newestFirst.map((status) => showStatus(contract, status)) };
  },

  'repos/create-deployment': ({ contract, repository, body }) => {
    const { ref, environment, description = null, auto_merge, required_contexts = null } = NewDeployment.parse(body);
    const errors = checkDescription(description);
    if (errors.length > 0) return refuse(errors);
    const pending = repository.statuses.some((status) => status.sha === ref && status.state === 'pending');
    if (pending && required_contexts === null) {
      return { status: 409, body: { message: `Conflict: Commit status checks failed for ${ref}.` } };
    }
    const deployment = { id: nextId(), ref, environment, description, auto_merge, required_contexts, statuses: [] };
    repository.deployments.push(deployment);
    return { status: 201, body: showDeployment(contract, deployment) };
  },

  'repos/list-deployments': ({ contract, repository }) => {
    const newestFirst = repository.deployments.toReversed();
    return { status: 200, body: newestFirst.map((deployment) => showDeployment(contract, deployment)) };
  },

  'repos/create-deployment-status': ({ contract, repository, params, body }) => {
    const deployment = repository.deployments.find((it) => it.id === Number(params.deployment_id));
    if (deployment === undefined) return NOT_FOUND;
    const given = NewDeploymentStatus.parse(body);
    const errors = [
      ...checkDescription(given.description),
      ...checkLink('log_url', given.log_url),
      ...checkLink('environment_url', given.environment_url),
    ];
    if (errors.length > 0) return refuse(errors);
    const status = { id: nextId(), ...given };
    deployment.statuses.push(status);
    const example = object(contract.example('repos/create-deployment-status', 201));
    const links = { log_url: given.log_url || undefined, environment_url: given.environment_url || undefined };
    return { status: 201, body: { ...example, ...status, ...links, environment: deployment.environment } };
  },
};

export const NOT_FOUND: Answer = { status: 404, body: { message: 'Not Found', status: '404' } };

export function refuse(errors: object[]): Answer {
  return { status: 422, body: { message: 'Validation Failed', errors, status: '422' } };
}

/** A limit that only the prose of the description mentions, but that GitHub enforces. */
function checkDescription(text: string | null | undefined): object[] {
  if ((text ?? '').length <= 140) return [];
  return [{ field: 'description', code: 'custom', message: 'description is too long (maximum is 140 characters)' }];
}

function checkLink(field: string, url: string | null | undefined): object[] {
  if (!url || /^https?:\/\//.test(url)) return [];
  return [{ field, code: 'custom', message: `${field} must use http(s) scheme` }];
}

function showStatus(contract: Contract, { id, context, state, description, target_url }: CommitStatus): object {
  const example = object(contract.example('repos/create-commit-status', 201));
  return { ...example, id, context, state, description, target_url };
}

function showDeployment(contract: Contract, deployment: Deployment): object {
  const { id, ref, environment, description } = deployment;
  return { ...object(contract.example('repos/create-deployment', 201)), id, ref, environment, description };
}

function object(value: unknown): Record<string, unknown> {
  return z.looseObject({}).parse(value);
}
