import { createHmac, randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import { sign } from '@octokit/webhooks-methods';
import { z } from 'zod';
import type { Repository } from './repository.ts';

type Payload = { [key: string]: unknown };
type Named = Pick<Repository, 'id' | 'full_name' | 'clone_url' | 'default_branch'>;

const require = createRequire(import.meta.url);
const NO_COMMIT = '0'.repeat(40);

interface Delivery {
  event: string;
  payload: unknown;
  /** Signs the body; without a secret there is no signature, as on GitHub. */
  secret?: string;
  guid?: string;
  /** What the webhook is installed on; by default the payload's repository. */
  target?: { type: 'repository' | 'organization' | 'integration'; id: number };
  /** Overrides GitHub's headers; undefined removes one. */
  headers?: Record<string, string | undefined>;
}

/** Posts a webhook as GitHub does. Like GitHub, it waits ten seconds for the response. */
export async function deliver(
  url: string,
  delivery: Delivery,
): Promise<{ status: number; body: string; guid: string }> {
  const { event, payload, secret, guid = randomUUID(), target = targetOf(payload) } = delivery;
  const body = typeof payload === 'string' ? payload : JSON.stringify(payload);
  const headers = {
    accept: '*/*',
    'content-type': 'application/json',
    'user-agent': 'GitHub-Hookshot/044aadd',
    'x-github-delivery': guid,
    'x-github-event': event,
    'x-github-hook-id': '292430182',
    'x-github-hook-installation-target-id': String(target.id),
    'x-github-hook-installation-target-type': target.type,
    ...(secret !== undefined && {
      'x-hub-signature': `sha1=${createHmac('sha1', secret).update(body).digest('hex')}`,
      'x-hub-signature-256': await sign(secret, body),
    }),
    ...delivery.headers,
  };
  const given = Object.entries(headers).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const response = await fetch(url, { method: 'POST', headers: given, body, signal: AbortSignal.timeout(10_000) });
  return { status: response.status, body: await response.text(), guid };
}

/** A push to a branch or a tag; with `sha: null`, its deletion. */
export function pushPayload(of: {
  repository: Named;
  ref?: string;
  sha: string | null;
  before?: string;
  forced?: boolean;
  message?: string;
  sender?: string;
}): Payload {
  const { repository, sha, ref = `refs/heads/${repository.default_branch}`, before = NO_COMMIT, forced = false } = of;
  const payload = example('push', (it) => it.head_commit !== null);
  const sender = rename(payload.sender, of.sender);
  const commit = { ...record(payload.head_commit), id: sha, message: of.message ?? 'Change something' };
  return {
    ...payload,
    ref,
    before,
    after: sha ?? NO_COMMIT,
    created: sha !== null && before === NO_COMMIT,
    deleted: sha === null,
    forced,
    compare: `https://github.com/${repository.full_name}/compare/main`,
    commits: sha === null ? [] : [commit],
    head_commit: sha === null ? null : commit,
    repository: overlay(payload.repository, repository),
    pusher: { name: sender.login, email: 'pusher@example.com' },
    sender,
  };
}

export function pullRequestPayload(of: {
  repository: Named;
  number?: number;
  action?: string;
  head: { ref: string; sha: string };
  base: { ref: string; sha: string };
  /** The repository of the head; by default the same one. Null for a deleted fork. */
  head_repository?: Named | null;
  sender?: string;
}): Payload {
  const { repository, number = 1, action = 'opened', head, base, head_repository = repository } = of;
  const payload = example('pull_request', (it) => it.action === 'opened');
  const pull = record(payload.pull_request);
  const there = record(record(pull.head).repo);
  return {
    ...payload,
    action,
    number,
    pull_request: {
      ...pull,
      number,
      head: { ...record(pull.head), ...head, repo: head_repository === null ? null : overlay(there, head_repository) },
      base: { ...record(pull.base), ...base, repo: overlay(record(pull.base).repo, repository) },
    },
    repository: overlay(payload.repository, repository),
    sender: rename(payload.sender, of.sender),
  };
}

export function pingPayload(of: { repository: Named }): Payload {
  const payload = example('ping', (it) => it.repository !== undefined);
  return { ...payload, repository: overlay(payload.repository, of.repository) };
}

/** A recorded payload of another event. */
export function examplePayload(event: string, repository: Named): Payload {
  const payload = example(event, () => true);
  return { ...payload, repository: overlay(payload.repository, repository) };
}

let examples: { name: string; examples: Payload[] }[] | undefined;

function example(event: string, matches: (payload: Payload) => boolean): Payload {
  examples ??= require('@octokit/webhooks-examples') as typeof examples;
  const found = examples?.find((it) => it.name === event)?.examples.find(matches);
  if (found === undefined) throw new Error(`No example of the webhook ${event}.`);
  return structuredClone(found);
}

function overlay(original: unknown, { id, full_name, clone_url, default_branch }: Named): Payload {
  const [login, name] = full_name.split('/');
  const repository = record(original);
  return {
    ...repository,
    id,
    name,
    full_name,
    owner: { ...record(repository.owner), login, name: login },
    html_url: `https://github.com/${full_name}`,
    clone_url,
    default_branch,
  };
}

function rename(user: unknown, login: string | undefined): Payload {
  return { ...record(user), ...(login !== undefined && { login }) };
}

function record(value: unknown): Payload {
  return z.record(z.string(), z.unknown()).parse(value ?? {});
}

function targetOf(payload: unknown): NonNullable<Delivery['target']> {
  const parsed = z.object({ repository: z.object({ id: z.number() }) }).safeParse(payload);
  return { type: 'repository', id: parsed.success ? parsed.data.repository.id : 0 };
}
