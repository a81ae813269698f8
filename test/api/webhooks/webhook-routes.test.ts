import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { sign } from '@octokit/webhooks-methods';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { examplePayload, pingPayload, pullRequestPayload, pushPayload } from '../../github/webhook.ts';
import { type ApiHarness, openApiHarness } from '../harness.ts';

const SHA = 'a'.repeat(40);
const shop = { id: 7, full_name: 'acme/shop', clone_url: 'https://git.test/acme/shop.git', default_branch: 'main' };
const unregistered = { id: 9, full_name: 'other/thing', clone_url: 'https://git.test/o/t.git', default_branch: 'main' };
const push = pushPayload({ repository: shop, sha: SHA });

let api: ApiHarness;
beforeEach(async () => {
  api = await openApiHarness({ webhook_secret: 'installation-secret' });
  await register({ name: 'acme/shop', github_id: 7, webhook_secret: 'shop-secret' });
  await register({ name: 'acme/blog', github_id: 8, webhook_secret: 'blog-secret' });
});
afterEach(() => api.close());

describe('A push', () => {
  it('is stored and offered for planning when it is answered with 202', async () => {
    const { status, body } = await post(push, { secret: 'shop-secret', guid: 'g-1' });
    expect(status).toBe(202);
    expect(body).toEqual({ delivery: expect.stringMatching(/^dlv_/), outcome: 'accepted', reason: null });
    const { body: delivery } = await api.json('GET', `/api/v1/deliveries/${body.delivery}`);
    expect(delivery).toMatchObject({
      guid: 'g-1',
      source: 'github',
      event: 'push',
      repo: 'acme/shop',
      ref: 'refs/heads/main',
      sha: SHA,
      status: 'received',
      run_ids: [],
    });
    expect(await attempts()).toHaveLength(1);
  });

  it('is accepted once when it arrives many times concurrently', async () => {
    const answers = await Promise.all(
      Array.from({ length: 100 }, () => post(push, { secret: 'shop-secret', guid: 'same' })),
    );
    expect(answers.filter(({ status }) => status === 202)).toHaveLength(1);
    expect(answers.filter(({ status, body }) => status === 200 && body.outcome === 'seen')).toHaveLength(99);
    expect(await attempts()).toHaveLength(1);
  });

  it('is recognised by its body, with another GUID or as a form', async () => {
    await post(push, { secret: 'shop-secret', guid: 'one' });
    expect(await post(push, { secret: 'shop-secret', guid: 'two' })).toMatchObject({
      status: 200,
      body: { outcome: 'seen' },
    });
    const form = `payload=${encodeURIComponent(JSON.stringify(push))}`;
    const again = await post(form, { secret: 'shop-secret', guid: 'three', type: 'application/x-www-form-urlencoded' });
    expect(again).toMatchObject({ status: 200, body: { outcome: 'seen' } });
  });

  it('can be sent as a form', async () => {
    const form = `payload=${encodeURIComponent(JSON.stringify(push))}`;
    const answer = await post(form, {
      secret: 'shop-secret',
      type: 'application/x-www-form-urlencoded; charset=utf-8',
    });
    expect(answer.status).toBe(202);
  });

  it('is accepted while Redis is down', async () => {
    await api.redis.stop();
    expect((await post(push, { secret: 'shop-secret' })).status).toBe(202);
    await api.redis.start();
  });

  it('is verified even without the headers that identify the webhook', async () => {
    expect((await post(push, { secret: 'shop-secret', target: null })).status).toBe(202);
    const foreign = await post(push, { secret: 'blog-secret', target: null });
    expect(foreign.status).toBe(401);
  });
});

describe('A delivery that starts no run is recorded with a reason', () => {
  it.each([
    ['a ping', 'ping', pingPayload({ repository: shop }), 'ping'],
    ['a deleted branch', 'push', pushPayload({ repository: shop, sha: null }), 'was deleted'],
    ['[skip ci]', 'push', pushPayload({ repository: shop, sha: SHA, message: 'x [skip ci]' }), '[skip ci]'],
    ['an unknown event', 'nonsense', { repository: push.repository }, 'nonsense'],
    ['a star', 'star', examplePayload('star', shop), 'star'],
    [
      "a fork's pull request",
      'pull_request',
      pullRequestPayload({
        repository: shop,
        head: { ref: 'x', sha: SHA },
        base: { ref: 'main', sha: SHA },
        head_repository: unregistered,
      }),
      'fork',
    ],
  ])('%s', async (_, event, payload, reason) => {
    const { status, body } = await post(payload, { event, secret: 'shop-secret' });
    expect(status).toBe(200);
    expect(body).toMatchObject({ outcome: 'ignored', reason: expect.stringContaining(reason) });
    expect((await api.json('GET', `/api/v1/deliveries/${body.delivery}`)).body).toMatchObject({
      status: 'ignored',
      reason: body.reason,
      repo: 'acme/shop',
    });
    expect(await attempts()).toHaveLength(0);
  });

  it('an unregistered repository, signed with the secret of the installation', async () => {
    const answer = await post(pushPayload({ repository: unregistered, sha: SHA }), {
      secret: 'installation-secret',
      target: { type: 'repository', id: 9 },
    });
    expect(answer).toMatchObject({ status: 200, body: { reason: 'other/thing is not registered' } });
    expect(await deliveries()).toMatchObject([{ repo: 'other/thing', repo_id: null }]);
  });
});

describe('A webhook', () => {
  it.each([
    ['no signature', { signature: null }],
    ['a wrong signature', { secret: 'guessed' }],
    ['only a SHA-1 signature', { signature: 'sha1=da39a3ee5e6b4b0d3255bfef95601890afd80709' }],
    ['a short signature', { signature: 'sha256=abc' }],
    ['a signature that is not hexadecimal', { signature: `sha256=${'z'.repeat(64)}` }],
    ['two signatures', { signature: `sha256=${'0'.repeat(64)}, sha256=${'1'.repeat(64)}` }],
    ["another repository's secret", { secret: 'blog-secret' }],
    ["another repository's secret and name", { secret: 'blog-secret', target: { type: 'repository', id: 8 } }],
    ["the installation's secret for a registered repository", { secret: 'installation-secret' }],
  ])('with %s is rejected and counted, but not stored', async (_, options) => {
    const { status, body } = await post(push, options);
    expect(status).toBe(401);
    expect(body.detail).toMatch(/^(Invalid webhook signature|The secret of this webhook is not valid for)/);
    expect(await deliveries()).toEqual([]);
    expect(await (await api.request('GET', '/metrics')).text()).toContain(
      'gantry_deliveries_total{outcome="refused"} 1',
    );
    expect(blobs()).toEqual([]);
  });

  it('with a body that was changed after signing is rejected', async () => {
    const signature = await sign('shop-secret', JSON.stringify(push));
    expect((await post({ ...push, after: 'b'.repeat(40) }, { signature })).status).toBe(401);
  });

  it('of an organisation is accepted for its repositories', async () => {
    const owner = (push.repository as { owner: { id: number } }).owner.id;
    const organisation = { type: 'organization', id: owner };
    expect((await post(push, { secret: 'installation-secret', target: organisation })).status).toBe(202);
  });

  it('of an organisation is rejected for repositories of another owner', async () => {
    const organisation = { type: 'organization', id: 4711 };
    expect((await post(push, { secret: 'installation-secret', target: organisation })).status).toBe(401);
    expect(await deliveries()).toEqual([]);
  });
});

describe('A repository registered without its GitHub id', () => {
  const thing = { ...unregistered, full_name: 'Acme/Thing', default_branch: 'trunk' };
  const payload = pushPayload({ repository: thing, sha: SHA });
  const target = { type: 'repository', id: 9 };
  beforeEach(() => register({ name: 'acme/thing', webhook_secret: 'thing-secret' }));

  it('gets its id and default branch from the first delivery', async () => {
    expect((await post(payload, { secret: 'thing-secret', target })).status).toBe(202);
    expect((await api.json('GET', '/api/v1/repos/acme%2Fthing')).body).toMatchObject({
      github_id: 9,
      default_branch: 'trunk',
    });
  });

  it('gets no id from a delivery that was signed with another secret', async () => {
    expect((await post(payload, { secret: 'shop-secret', target })).status).toBe(401);
    expect(await post(payload, { secret: 'installation-secret', target })).toMatchObject({
      status: 200,
      body: { outcome: 'ignored' },
    });
    expect((await api.json('GET', '/api/v1/repos/acme%2Fthing')).body.github_id).toBeNull();
  });

  it('does not accept a delivery about another repository', async () => {
    const other = pushPayload({ repository: { ...unregistered, full_name: 'acme/other' }, sha: SHA });
    expect((await post(other, { secret: 'thing-secret', target })).status).toBe(401);
  });
});

describe('An unreadable request', () => {
  const target = { type: 'repository', id: 7 };
  it.each([
    ['invalid JSON', '{"ref": ', 'application/json', 400],
    ['an empty body', '', 'application/json', 401],
    ['a form without payload', 'x=1', 'application/x-www-form-urlencoded', 400],
    ['JSON nested 100,000 levels deep', '['.repeat(100_000) + ']'.repeat(100_000), 'application/json', 400],
    ['another content type', '{}', 'text/plain', 415],
    ['a list', '[]', 'application/json', 200],
    ['a number', '1', 'application/json', 200],
    ['wrong JSON types', '{"repository": 7, "ref": [], "after": null}', 'application/json', 200],
    ['__proto__', '{"__proto__": {"repository": {}}}', 'application/json', 200],
  ])('with %s is answered, never with 500', async (_, body, type, status) => {
    const answer = await post(body, { secret: 'shop-secret', type, target });
    expect(answer.status).toBe(status);
  });

  it('of 26 MiB is answered with 413', async () => {
    expect((await post('x'.repeat(26 * 1024 * 1024), { secret: 'shop-secret' })).status).toBe(413);
  });

  it('without the event header is answered with 400', async () => {
    expect((await post(push, { secret: 'shop-secret', event: null })).status).toBe(400);
  });
});

interface PostOptions {
  secret?: string;
  signature?: string | null;
  guid?: string;
  event?: string | null;
  type?: string;
  target?: { type: string; id: number } | null;
}

/** A receipt, or a problem. */
const Receipt = z.object({
  delivery: z.string().optional(),
  outcome: z.string().optional(),
  reason: z.string().nullish(),
  detail: z.string().optional(),
});

let sent = 0;
async function post(payload: unknown, options: PostOptions) {
  const { secret = '', event = 'push', type = 'application/json', guid = `guid-${sent++}` } = options;
  const { target = { type: 'repository', id: 7 } } = options;
  const body = typeof payload === 'string' ? payload : JSON.stringify(payload);
  const signature =
    options.signature === undefined && secret !== '' && body !== '' ? await sign(secret, body) : options.signature;
  const response = await api.app.request('/webhooks/github', {
    method: 'POST',
    body: new TextEncoder().encode(body),
    headers: {
      'content-type': type,
      'x-github-delivery': guid,
      ...(event !== null && { 'x-github-event': event }),
      ...(signature && { 'x-hub-signature-256': signature }),
      ...(target !== null && {
        'x-github-hook-installation-target-type': target.type,
        'x-github-hook-installation-target-id': String(target.id),
      }),
    },
  });
  return { status: response.status, body: Receipt.parse(await response.json()) };
}

async function register(repo: object): Promise<void> {
  const { status } = await api.json('POST', '/api/v1/repos', { clone_url: 'https://git.test/x.git', ...repo });
  expect(status).toBe(201);
}

function deliveries() {
  return api.deps.store.read.selectFrom('deliveries').selectAll().execute();
}

function attempts() {
  return api.deps.store.read.selectFrom('attempts').selectAll().execute();
}

function blobs(): string[] {
  try {
    return readdirSync(join(api.deps.config.shared_dir, 'blobs'), { recursive: true, encoding: 'utf8' });
  } catch {
    return [];
  }
}
