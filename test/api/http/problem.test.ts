import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiHarness, openApiHarness, TOKEN } from '../harness.ts';

let api: ApiHarness;
beforeAll(async () => {
  api = await openApiHarness();
});
afterAll(() => api.close());

describe('A problem', () => {
  it('is problem+json with the request id', async () => {
    const response = await api.request('GET', '/api/v1/runs/run_none', undefined, { 'x-request-id': 'mine-1' });
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(response.headers.get('x-request-id')).toBe('mine-1');
    expect(await response.json()).toEqual({
      type: 'about:blank',
      title: 'Not Found',
      status: 404,
      detail: 'There is no run run_none.',
      instance: '/api/v1/runs/run_none',
      request_id: 'mine-1',
    });
  });

  it.each([
    ['GET', '/nowhere', 404],
    ['GET', '/api/v1/nowhere', 404],
    ['DELETE', '/api/v1/runs', 405],
    ['PATCH', '/api/v1/repos/acme%2Fshop', 405],
    ['OPTIONS', '/api/v1/runs', 405],
    ['POST', '/healthz', 405],
  ])('answers %s %s with %i', async (method, path, status) => {
    const { body, headers, status: got } = await api.json(method, path);
    expect(got).toBe(status);
    expect(body).toMatchObject({ status, instance: path });
    if (status === 405) expect(headers.get('allow')).toMatch(/[A-Z]+/);
  });

  it.each([
    ['not JSON', '{"name": ', 'application/json', 400],
    ['an empty body', '', 'application/json', 400],
    ['a form', 'name=x', 'application/x-www-form-urlencoded', 415],
    ['no content type', '{"name":"x"}', undefined, 415],
    ['a content type that only resembles JSON', '{"name":"x"}', 'text/json-ish', 415],
  ])('answers %s', async (_, body, type, status) => {
    const response = await api.app.request('/api/v1/tokens', {
      method: 'POST',
      headers: { authorization: `Bearer ${TOKEN}`, ...(type !== undefined && { 'content-type': type }) },
      body: new TextEncoder().encode(body),
    });
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ status, detail: expect.stringMatching(/./) });
  });

  it('lists every invalid property of a body by JSON pointer', async () => {
    const { body } = await api.json('POST', '/api/v1/jobs', {
      image: 'busybox',
      run: 'true',
      env: { 'a/b': 'x' },
      cpus: -1,
      'odd/~key': 1,
    });
    expect(body.errors.map((error: { pointer: string }) => error.pointer)).toEqual(
      expect.arrayContaining(['#/env/a~1b', '#/cpus', '#/odd~1~0key']),
    );
    expect(body.detail).toMatch(/^Invalid request body: .*unknown property `odd\/~key`/);
  });

  it('lists every unknown or invalid query parameter', async () => {
    const { status, body } = await api.json('GET', '/api/v1/runs?limit=0&cursor=garbage&nonsense=1&status=done');
    expect(status).toBe(422);
    expect(
      body.errors.map((error: { in: string; pointer: string }) => `${error.in} ${error.pointer}`).toSorted(),
    ).toEqual(['query #/cursor', 'query #/limit', 'query #/nonsense', 'query #/status']);
  });

  it('does not reveal unexpected errors', async () => {
    const { body: job } = await api.json('POST', '/api/v1/jobs', { image: 'busybox', run: 'true' });
    await api.deps.store.write((sql) =>
      sql.updateTable('jobs').set({ outputs: 'torn' }).where('id', '=', job.id).execute(),
    );
    const { status, body } = await api.json('GET', `/api/v1/jobs/${job.id}`);
    expect(status).toBe(500);
    expect(body.detail).toBe("Internal error. Look for this request_id in the server's log.");
  });

  it('rejects a body over 1 MiB', async () => {
    const large = { name: 'x'.repeat(1024 * 1024) };
    expect((await api.json('POST', '/api/v1/tokens', large)).status).toBe(413);
  });
});

describe('Every response', () => {
  it.each(['/', '/healthz', '/nowhere', '/api/v1/runs'])('at %s has strict headers and no CORS', async (path) => {
    const { headers } = await api.request('GET', path, undefined, { origin: 'https://evil.example' });
    expect(headers.get('content-security-policy')).toMatch(/^default-src 'none'/);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('x-frame-options')).toBe('DENY');
    expect([...headers.keys()].filter((name) => name.startsWith('access-control-'))).toEqual([]);
  });
});
