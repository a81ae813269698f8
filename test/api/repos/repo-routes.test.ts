import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openRepoToken, openWebhookSecret } from '../../../src/control/repos/repos.ts';
import { openSecretAt, openSecrets } from '../../../src/control/repos/secrets.ts';
import { type FakeGitHub, startGitHub } from '../../github/github.ts';
import { type ApiHarness, openApiHarness } from '../harness.ts';

const SHOP = '/api/v1/repos/acme%2Fshop';

let github: FakeGitHub;
let api: ApiHarness;
beforeEach(async () => {
  github = await startGitHub({
    repositories: [
      { full_name: 'acme/shop', id: 7, default_branch: 'trunk', clone_url: 'https://git.test/acme/shop.git' },
    ],
    tokens: ['ghp_good'],
  });
  api = await openApiHarness({ github_api_url: github.url });
});
afterEach(async () => {
  await api.close();
  await github.close();
});

describe('Registering a repository', () => {
  it('requests missing facts from GitHub, and returns the webhook URL and secret only once', async () => {
    const { status, headers, body } = await api.json('POST', '/api/v1/repos', {
      name: 'acme/shop',
      token: 'ghp_good',
    });
    expect(status).toBe(201);
    expect(headers.get('location')).toBe(SHOP);
    expect(body).toMatchObject({
      name: 'acme/shop',
      github_id: 7,
      default_branch: 'trunk',
      clone_url: 'https://git.test/acme/shop.git',
      has_token: true,
      webhook: {
        url: 'http://gantry.test/webhooks/github',
        secret: expect.stringMatching(/^[0-9a-f]{64}$/),
        content_type: 'json',
        events: ['push', 'pull_request'],
      },
    });
    const { webhook, ...shown } = body;
    expect((await api.json('GET', SHOP)).body).toEqual(shown);
    expect((await api.json('GET', '/api/v1/repos')).body).toEqual({ items: [shown], next_cursor: null });
    const [row] = await api.deps.store.read.selectFrom('repos').selectAll().execute();
    expect(JSON.stringify(row)).not.toContain(webhook.secret);
    expect(JSON.stringify(row)).not.toContain('ghp_good');
    expect(row && openWebhookSecret(api.deps.vault, row)).toBe(webhook.secret);
    expect(row && openRepoToken(api.deps.vault, row)).toBe('ghp_good');
  });

  it('rejects a token that GitHub rejects, with the message from GitHub', async () => {
    const { status, body } = await api.json('POST', '/api/v1/repos', { name: 'acme/shop', token: 'ghp_bad' });
    expect(status).toBe(422);
    expect(body.errors).toEqual([{ in: 'body', pointer: '#/token', detail: expect.stringMatching(/Bad credentials/) }]);
  });

  it('rejects a token that has no access to the repository', async () => {
    const { status, body } = await api.json('POST', '/api/v1/repos', { name: 'acme/other', token: 'ghp_good' });
    expect(status).toBe(422);
    expect(body.errors).toEqual([expect.objectContaining({ pointer: '#/name' })]);
  });

  it('does not call GitHub when the request contains everything', async () => {
    github.failNext(100);
    const given = { name: 'acme/shop', token: 'ghp_good', clone_url: 'http://127.0.0.1:1/shop.git', github_id: 7 };
    const { status, body } = await api.json('POST', '/api/v1/repos', { ...given, webhook_secret: 'mine' });
    expect(status).toBe(201);
    expect(body).toMatchObject({ clone_url: given.clone_url, github_id: 7, webhook: { secret: 'mine' } });
  });

  it('names the missing field when there is no token to request it from GitHub', async () => {
    const { status, body } = await api.json('POST', '/api/v1/repos', { name: 'acme/shop' });
    expect(status).toBe(422);
    expect(body.errors[0]).toMatchObject({
      pointer: '#/clone_url',
      detail: expect.stringContaining('clone_url is required'),
    });
  });

  it('rejects an id that differs from the id on GitHub', async () => {
    const given = { name: 'acme/shop', token: 'ghp_good', github_id: 8 };
    expect((await api.json('POST', '/api/v1/repos', given)).body.errors[0].pointer).toBe('#/github_id');
  });

  it('rejects a repository that is already registered, ignoring the case of its name', async () => {
    const given = { name: 'acme/shop', clone_url: 'https://git.test/x.git' };
    expect((await api.json('POST', '/api/v1/repos', { ...given, github_id: 9 })).status).toBe(201);
    const again = await api.json('POST', '/api/v1/repos', { ...given, name: 'Acme/Shop' });
    expect(again).toMatchObject({ status: 409, body: { errors: [{ pointer: '#/name' }] } });
    const sameId = await api.json('POST', '/api/v1/repos', { ...given, name: 'acme/renamed', github_id: 9 });
    expect(sameId).toMatchObject({ status: 409, body: { errors: [{ pointer: '#/github_id' }] } });
  });

  it.each([
    '',
    'shop',
    'acme/',
    '/shop',
    'acme/shop/x',
    'acme/..',
    'acme/.',
    '-acme/shop',
    'acme/sh op',
    'acme/shop\n',
    'acme/\u202Eshop',
    'acme/$(id)',
    'acme/{shop}',
    `acme/${'x'.repeat(200)}`,
    'acme/shop\0',
  ])('rejects the name %j', async (name) => {
    expect(await api.json('POST', '/api/v1/repos', { name, clone_url: 'https://git.test/x.git' })).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: '#/name' }] },
    });
  });

  it.each([
    'http://git.test/shop.git',
    'http://127.0.0.1.git.test/shop.git',
    'http://10.0.0.1/shop.git',
    'ssh://git@git.test/shop.git',
    'git@git.test:acme/shop.git',
    'file:///etc',
    'ext::sh -c id',
    '--upload-pack=id',
    'https://user:pass@git.test/shop.git',
    'https://git.test/shop.git?x=1',
  ])('rejects the clone URL %s', async (clone_url) => {
    expect(await api.json('POST', '/api/v1/repos', { name: 'acme/shop', clone_url })).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: '#/clone_url' }] },
    });
  });

  it.each(['http://127.0.0.1:3000/shop.git', 'http://[::1]/shop.git', 'http://localhost/shop.git'])(
    'accepts the loopback clone URL %s',
    async (clone_url) => {
      expect((await api.json('POST', '/api/v1/repos', { name: 'acme/shop', clone_url })).status).toBe(201);
    },
  );
});

describe('Removing a repository', () => {
  beforeEach(() => api.json('POST', '/api/v1/repos', { name: 'acme/shop', token: 'ghp_good' }));

  it('removes its secrets, and allows registering it again', async () => {
    await api.json('PUT', `${SHOP}/secrets/KEY`, { value: 'old' });
    expect((await api.json('DELETE', SHOP)).status).toBe(204);
    for (const method of ['GET', 'DELETE']) expect((await api.json(method, SHOP)).status).toBe(404);
    expect((await api.json('POST', '/api/v1/repos', { name: 'acme/shop', token: 'ghp_good' })).status).toBe(201);
    expect((await api.json('GET', `${SHOP}/secrets`)).body.items).toEqual([]);
  });

  it('is rejected until its runs have ended', async () => {
    const run = await api.json('POST', '/api/v1/runs', { repo: 'acme/shop', ref: 'main' });
    expect((await api.json('DELETE', SHOP)).status).toBe(409);
    await api.json('POST', `/api/v1/runs/${run.body.id}/cancellation`);
    expect((await api.json('DELETE', SHOP)).status).toBe(204);
    expect((await api.json('GET', `/api/v1/runs/${run.body.id}`)).body.repo).toBe('acme/shop');
  });
});

describe('A secret', () => {
  let repo_id: string;
  beforeEach(async () => {
    repo_id = (await api.json('POST', '/api/v1/repos', { name: 'acme/shop', token: 'ghp_good' })).body.id;
  });

  it('is set, listed by name, and its value is never returned', async () => {
    expect((await api.json('PUT', `${SHOP}/secrets/database_url`, { value: 'postgres://one' })).status).toBe(204);
    expect((await api.json('PUT', `${SHOP}/secrets/DATABASE_URL`, { value: 'postgres://two' })).status).toBe(204);
    const listed = await api.json('GET', `${SHOP}/secrets`);
    expect(listed.body).toEqual({
      items: [{ name: 'DATABASE_URL', version: 2, updated_at: expect.any(String) }],
      next_cursor: null,
    });
    const rows = await api.deps.store.read.selectFrom('secrets').selectAll().execute();
    expect(JSON.stringify(rows)).not.toContain('postgres');
    expect((await api.json('GET', `${SHOP}/secrets/DATABASE_URL`)).status).toBe(405);
    const { store, vault } = api.deps;
    expect(await openSecrets(store.read, vault, repo_id)).toEqual([
      { name: 'DATABASE_URL', version: 2, value: 'postgres://two' },
    ]);
    expect(await openSecretAt(store.read, vault, repo_id, 'DATABASE_URL', 1)).toBe('postgres://one');
  });

  it('is not listed after its removal, but kept for the releases that use it', async () => {
    await api.json('PUT', `${SHOP}/secrets/KEY`, { value: 'one' });
    expect((await api.json('DELETE', `${SHOP}/secrets/key`)).status).toBe(204);
    expect((await api.json('DELETE', `${SHOP}/secrets/KEY`)).status).toBe(404);
    expect((await api.json('GET', `${SHOP}/secrets`)).body.items).toEqual([]);
    const { store, vault } = api.deps;
    expect(await openSecrets(store.read, vault, repo_id)).toEqual([]);
    expect(await openSecretAt(store.read, vault, repo_id, 'KEY', 1)).toBe('one');
    await api.json('PUT', `${SHOP}/secrets/KEY`, { value: 'new' });
    expect((await api.json('GET', `${SHOP}/secrets`)).body.items).toMatchObject([{ name: 'KEY', version: 2 }]);
  });

  it.each(['1X', 'A-B', 'A.B', 'A%20B', 'GITHUB_TOKEN', 'github_x', 'A%2FB', 'A%0A'])(
    'cannot have the name %s',
    async (name) => {
      expect((await api.json('PUT', `${SHOP}/secrets/${name}`, { value: 'x' })).status).toBe(422);
    },
  );

  it.each([{}, { value: 1 }, { value: 'x'.repeat(48 * 1024 + 1) }, { value: 'a\0b' }, { value: 'x', other: 1 }])(
    'is not set from the body %.60j',
    async (body) => {
      const { status, body: problem } = await api.json('PUT', `${SHOP}/secrets/KEY`, body);
      expect(status).toBe(422);
      expect(JSON.stringify(problem)).not.toContain('xxxx');
    },
  );

  it('needs a registered repository', async () => {
    const unregistered = '/api/v1/repos/acme%2Fnone/secrets';
    expect((await api.json('PUT', `${unregistered}/KEY`, { value: 'x' })).status).toBe(404);
    expect((await api.json('GET', unregistered)).status).toBe(404);
  });
});
