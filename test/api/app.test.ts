import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiHarness, openApiHarness } from './harness.ts';

let api: ApiHarness;
beforeAll(async () => {
  api = await openApiHarness();
});
afterAll(() => api.close());

interface Operation {
  operationId?: string;
  security?: object[];
  responses: Record<string, object>;
}

describe('/openapi.json', () => {
  it('describes every route', async () => {
    const { body } = await api.json('GET', '/openapi.json');
    expect(body.openapi).toBe('3.1.0');
    const described = Object.entries(body.paths as Record<string, object>).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`),
    );
    const routes = api.app.routes
      .filter(({ method }) => method !== 'ALL')
      .map(({ method, path }) => `${method} ${path}`);
    expect([...new Set(routes)].toSorted()).toEqual(described.toSorted());
  });

  it('gives each operation a unique id, and marks those that require a token', async () => {
    const { body } = await api.json('GET', '/openapi.json');
    const operations = Object.entries(body.paths as Record<string, Record<string, Operation>>).flatMap(
      ([path, methods]) => Object.values(methods).map((operation) => ({ path, ...operation })),
    );
    const ids = operations.map(({ operationId }) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).not.toContain(undefined);
    for (const { path, security } of operations)
      expect([path, security !== undefined]).toEqual([path, path.startsWith('/api/') || path === '/metrics']);
  });

  it('is the same for every request', async () => {
    const [one, other] = await Promise.all([api.json('GET', '/openapi.json'), api.json('GET', '/openapi.json')]);
    expect(one.body).toEqual(other.body);
  });
});

describe('GET /', () => {
  it('lists the endpoints, and shows nothing that requires a token', async () => {
    await api.json('POST', '/api/v1/repos', { name: 'acme/hidden' });
    const response = await api.app.request('/');
    const page = await response.text();
    expect(response.headers.get('content-type')).toContain('text/html');
    expect(page).toContain('/openapi.json');
    expect(page).toContain('/api/v1/deployments');
    expect(page).toContain('http://gantry.test/webhooks/github');
    expect(page).not.toContain('acme');
    const nonce = /style-src 'nonce-([^']+)'/.exec(response.headers.get('content-security-policy') ?? '')?.[1];
    expect(page).toContain(`<style nonce="${nonce}">`);
  });
});
