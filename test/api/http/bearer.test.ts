import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiHarness, openApiHarness, TOKEN } from '../harness.ts';

const PUBLIC = ['/', '/healthz', '/readyz', '/openapi.json', '/webhooks/github'];

let api: ApiHarness;
beforeAll(async () => {
  api = await openApiHarness();
});
afterAll(() => api.close());

describe('Without a token', () => {
  it('only public endpoints respond', async () => {
    const { paths } = (await api.json('GET', '/openapi.json')).body as { paths: Record<string, object> };
    const operations = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => ({ method: method.toUpperCase(), path })),
    );
    const secured = operations.filter(({ path }) => !PUBLIC.includes(path));
    expect(secured.length).toBeGreaterThan(20);
    const responses = await Promise.all(
      secured.map(async ({ method, path }) => ({ path, ...(await status(method, path)) })),
    );
    expect(responses.filter((response) => response.status !== 401)).toEqual([]);
    expect(responses.filter((response) => !response.challenge?.startsWith('Bearer'))).toEqual([]);
  });

  it.each([
    '//api/v1/runs',
    '/api//v1/runs',
    '/api/v1//runs',
    '/api%2Fv1/runs',
    '/%61pi/v1/runs',
    '/api/v1/runs/',
    '/webhooks/../api/v1/runs',
    '/webhooks/..%2fapi/v1/runs',
    '/api/v1/runs;x',
    '/API/v1/runs',
    '//metrics',
    '/metrics/',
  ])('the path %s does not bypass authentication', async (path) => {
    const response = await api.app.request(`http://gantry.test${path}`);
    expect([401, 404]).toContain(response.status);
  });

  it.each([
    'Basic YTpi',
    `Bearer`,
    'Bearer ',
    `Token ${TOKEN}`,
    `Bearer ${TOKEN}x`,
    `Bearer ${TOKEN.slice(0, -1)}`,
    `Bearer x ${TOKEN}`,
    'Bearer \u00ff',
  ])('the header "%s" gives no access', async (authorization) => {
    const response = await api.app.request('/api/v1/runs', { headers: { authorization } });
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({ title: 'Unauthorized', detail: expect.stringContaining('token') });
  });

  it.each(['token', 'access_token', 'authorization'])('the query parameter ?%s= gives no access', async (name) => {
    const response = await api.app.request(`/api/v1/runs?${name}=${TOKEN}`);
    expect(response.status).toBe(401);
  });
});

describe('A token', () => {
  it('is created, returned once, and gives access until it is revoked', async () => {
    const made = await api.json('POST', '/api/v1/tokens', { name: 'laptop' });
    expect(made.status).toBe(201);
    const { id, token } = made.body as { id: string; token: string };
    expect(await withToken(token)).toBe(200);

    const listed = await api.json('GET', '/api/v1/tokens');
    expect(listed.body.items).toEqual([
      { id, name: 'laptop', created_at: made.body.created_at, last_used_at: expect.any(String) },
    ]);
    expect((await api.json('DELETE', `/api/v1/tokens/${id}`)).status).toBe(204);
    expect(await withToken(token)).toBe(401);
    expect((await api.json('DELETE', `/api/v1/tokens/${id}`)).status).toBe(404);
  });

  it('is stored only as a hash', async () => {
    const { token } = (await api.json('POST', '/api/v1/tokens', { name: 'ci' })).body as { token: string };
    const rows = await api.deps.store.read.selectFrom('tokens').selectAll().execute();
    expect(JSON.stringify(rows)).not.toContain(token);
    expect(rows.map((row) => row.hash)).toContain(api.deps.hashToken(token));
  });

  it('records its last use at most once a minute', async () => {
    const { id, token } = (await api.json('POST', '/api/v1/tokens', { name: 'busy' })).body;
    await withToken(token);
    const first = await lastUse(id);
    await withToken(token);
    expect(await lastUse(id)).toBe(first);
  });

  it.each([
    {},
    { name: '' },
    { name: '  ' },
    { name: 'a\nb' },
    { name: 'x'.repeat(101) },
    { name: 1 },
    { name: 'a', scope: 'x' },
  ])('is not created from %j', async (body) => {
    expect((await api.json('POST', '/api/v1/tokens', body)).status).toBe(422);
  });
});

async function status(method: string, path: string) {
  const response = await api.app.request(path, { method });
  return { status: response.status, challenge: response.headers.get('www-authenticate') };
}

async function withToken(token: string): Promise<number> {
  return (await api.app.request('/api/v1/runs', { headers: { authorization: `Bearer ${token}` } })).status;
}

async function lastUse(id: string): Promise<number | null | undefined> {
  const row = await api.deps.store.read.selectFrom('tokens').selectAll().where('id', '=', id).executeTakeFirst();
  return row?.last_used_at;
}
