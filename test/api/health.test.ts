import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDoor, type TestDoor } from './harness.ts';

let door: TestDoor;
beforeAll(async () => {
  door = await openDoor();
});
afterAll(() => door.end());

describe('Readiness', () => {
  it('is there once SQL and Redis answer', async () => {
    expect(await door.json('GET', '/readyz')).toMatchObject({
      status: 200,
      body: { status: 'ready', parts: { sql: 'up', redis: 'up' }, workers: 0 },
    });
  });

  it('goes and comes with Redis, while the process lives', async () => {
    await door.redis.stop();
    await expect
      .poll(() => door.json('GET', '/readyz'))
      .toMatchObject({
        status: 503,
        body: { status: 'not_ready', parts: { sql: 'up', redis: 'down' } },
      });
    expect((await door.json('GET', '/healthz')).body).toEqual({ status: 'ok' });
    await door.redis.start();
    await expect.poll(() => door.json('GET', '/readyz'), { timeout: 10_000 }).toMatchObject({ status: 200 });
  });

  it('is gone while the server drains', async () => {
    const other = await openDoor();
    other.draining.abort();
    expect(await other.json('GET', '/readyz')).toMatchObject({ status: 503, body: { status: 'draining' } });
    await other.end();
  });
});

describe('/metrics', () => {
  it('counts answers by route, never by what a client wrote into the path', async () => {
    await door.ask('GET', '/api/v1/runs/run_a');
    await door.ask('GET', '/some/where/else');
    await door.ask('BREW', '/healthz');
    const text = await (await door.ask('GET', '/metrics')).text();
    expect(text).toContain('route="/api/v1/runs/:id",status="404"');
    expect(text).toContain('route="none",status="404"');
    expect(text).toContain('method="other"');
    expect(text).not.toContain('run_a');
    expect(text).not.toContain('BREW');
  });
});
