import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiHarness, openApiHarness } from './harness.ts';

let api: ApiHarness;
beforeAll(async () => {
  api = await openApiHarness();
});
afterAll(() => api.close());

describe('Readiness', () => {
  it('is reported when SQL and Redis respond', async () => {
    expect(await api.json('GET', '/readyz')).toMatchObject({
      status: 200,
      body: { status: 'ready', parts: { sql: 'up', redis: 'up' }, workers: 0 },
    });
  });

  it('is lost while Redis is down, although the process is healthy', async () => {
    await api.redis.stop();
    await expect
      .poll(() => api.json('GET', '/readyz'))
      .toMatchObject({
        status: 503,
        body: { status: 'not_ready', parts: { sql: 'up', redis: 'down' } },
      });
    expect((await api.json('GET', '/healthz')).body).toEqual({ status: 'ok' });
    await api.redis.start();
    await expect.poll(() => api.json('GET', '/readyz'), { timeout: 10_000 }).toMatchObject({ status: 200 });
  });

  it('is lost while the server drains', async () => {
    const other = await openApiHarness();
    other.draining.abort();
    expect(await other.json('GET', '/readyz')).toMatchObject({ status: 503, body: { status: 'draining' } });
    await other.close();
  });
});

describe('/metrics', () => {
  it('counts requests by route pattern, never by the requested path', async () => {
    await api.request('GET', '/api/v1/runs/run_a');
    await api.request('GET', '/some/where/else');
    await api.request('BREW', '/healthz');
    const text = await (await api.request('GET', '/metrics')).text();
    expect(text).toContain('route="/api/v1/runs/:id",status="404"');
    expect(text).toContain('route="none",status="404"');
    expect(text).toContain('method="other"');
    expect(text).not.toContain('run_a');
    expect(text).not.toContain('BREW');
  });
});
