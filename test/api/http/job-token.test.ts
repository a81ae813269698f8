import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { endAttempt } from '../../../src/control/attempts/attempts.ts';
import { createJobToken } from '../../../src/control/attempts/job-token.ts';
import { transact } from '../../../src/control/outbox/transact.ts';
import type { Row } from '../../../src/deps.ts';
import { type ApiHarness, openApiHarness } from '../harness.ts';

let api: ApiHarness;
let job: string;
let attempt: Row<'attempts'>;
let token: string;

beforeAll(async () => {
  api = await openApiHarness();
});
afterAll(() => api.close());
beforeEach(async () => {
  job = await submit();
  attempt = await startAttempt(job);
  token = await transact(api.deps, (t) => createJobToken(t, api.deps, attempt));
});

describe("A job's own token", () => {
  it('reads that job', async () => {
    const response = await send('GET', `/api/v1/jobs/${job}`);
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ id: job });
  });

  it('gives access to nothing else', async () => {
    const other = await submit();
    const { paths } = (await api.json('GET', '/openapi.json')).body as { paths: Record<string, object> };
    const routes = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => ({ method, path })),
    );
    const secured = routes.filter(({ path }) => path.startsWith('/api/') || path === '/metrics');
    expect(secured.length).toBeGreaterThan(20);
    for (const { method, path } of secured) {
      const response = await send(method.toUpperCase(), path.replace('{id}', other));
      expect([path, response.status]).toEqual([path, 403]);
    }
    const problem = await api.json('GET', `/api/v1/jobs/${other}`, undefined, { authorization: `Bearer ${token}` });
    expect(problem.body).toMatchObject({ title: 'Forbidden', detail: expect.stringContaining(job) });
  });

  it('gives no access to paths below that job', async () => {
    for (const path of ['/logs', '/', '/../../runs', '%2Flogs'])
      expect([403, 404]).toContain((await send('GET', `/api/v1/jobs/${job}${path}`)).status);
  });

  it('is stored only as its hash, and not listed', async () => {
    expect(JSON.stringify(await storedTokens())).not.toContain(token);
    expect((await api.json('GET', '/api/v1/tokens')).body.items).toEqual([]);
  });

  it('is not valid before its attempt runs', async () => {
    await setStatus('offered');
    expect((await send('GET', `/api/v1/jobs/${job}`)).status).toBe(401);
  });

  it('is not valid after it expires', async () => {
    const { now } = api.deps;
    api.deps.now = () => (attempt.deadline ?? 0) + 1;
    expect((await send('GET', `/api/v1/jobs/${job}`)).status).toBe(401);
    api.deps.now = now;
  });

  it('is deleted when its attempt ends', async () => {
    const verdict = { status: 'succeeded' as const, reason: null, exit_code: 0 };
    await transact(api.deps, (t) => endAttempt(t, attempt, verdict, 0));
    expect((await send('GET', `/api/v1/jobs/${job}`)).status).toBe(401);
    expect((await storedTokens()).filter(({ attempt_id }) => attempt_id === attempt.id)).toEqual([]);
  });
});

async function submit(): Promise<string> {
  return (await api.json('POST', '/api/v1/jobs', { image: 'busybox', run: 'true' })).body.id;
}

function startAttempt(id: string): Promise<Row<'attempts'>> {
  return api.deps.store.write((sql) =>
    sql
      .updateTable('attempts')
      .set({ status: 'running', deadline: api.deps.now() + 60_000 })
      .where('subject_id', '=', id)
      .returningAll()
      .executeTakeFirstOrThrow(),
  );
}

function setStatus(status: 'offered' | 'running') {
  return api.deps.store.write((sql) =>
    sql.updateTable('attempts').set({ status }).where('id', '=', attempt.id).execute(),
  );
}

function storedTokens() {
  return api.deps.store.read.selectFrom('tokens').selectAll().execute();
}

async function send(method: string, path: string): Promise<Response> {
  return api.app.request(path, { method, headers: { authorization: `Bearer ${token}` } });
}
