import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../src/jobs/id.ts';
import { type ApiHarness, openApiHarness } from './harness.ts';

const NOW = Date.UTC(2026, 4, 1);
const config = {
  app: 'shop',
  environment: 'production',
  env: {},
  secrets: [],
  processes: {
    web: {
      command: null,
      port: 3000,
      hosts: ['shop.test'],
      health: { path: '/up', interval: 1000, timeout: 30_000 },
      stop_grace: 10_000,
      cpus: null,
      memory: null,
    },
  },
};

let api: ApiHarness;
let repo_id: string;
let run_id: string;
beforeAll(async () => {
  api = await openApiHarness();
  const given = { name: 'acme/shop', clone_url: 'https://git.test/x.git' };
  repo_id = (await api.json('POST', '/api/v1/repos', given)).body.id;
  run_id = (await api.json('POST', '/api/v1/runs', { repo: 'acme/shop', ref: 'main' })).body.id;
  await api.deps.store.write((sql) =>
    sql.insertInto('apps').values({ name: 'shop', repo_id, created_at: NOW }).execute(),
  );
  await insertDeployment('retired', 1);
  await insertDeployment('live', 2);
});
afterAll(() => api.close());

describe('Deployments', () => {
  it('are listed newest first, with image and phases', async () => {
    const { body } = await api.json('GET', '/api/v1/deployments?app=shop&environment=production&limit=1');
    expect(body.items).toMatchObject([
      {
        app: 'shop',
        environment: 'production',
        image: 'registry.test/shop:2',
        run_id,
        status: 'live',
        url: 'http://shop.test',
        phases: [{ name: 'start', started_at: '2026-05-01T00:00:00.000Z', finished_at: null }],
        live_at: '2026-05-01T00:00:00.000Z',
      },
    ]);
    const rest = await api.json('GET', `/api/v1/deployments?cursor=${body.next_cursor}`);
    expect(rest.body).toMatchObject({ items: [{ status: 'retired' }], next_cursor: null });
    expect((await api.json('GET', `/api/v1/deployments/${body.items[0].id}`)).body).toEqual(body.items[0]);
  });

  it('can be filtered by app, environment and status', async () => {
    for (const query of ['app=blog', 'environment=staging', 'status=failed'])
      expect((await api.json('GET', `/api/v1/deployments?${query}`)).body.items).toEqual([]);
    expect((await api.json('GET', '/api/v1/deployments?status=unknown')).status).toBe(422);
    expect((await api.json('GET', '/api/v1/deployments/dep_none')).status).toBe(404);
  });
});

describe('A rollback', () => {
  it('is a run with one deploy job', async () => {
    const { status, headers, body } = await api.json('POST', '/api/v1/deployments', {
      app: 'shop',
      environment: 'production',
    });
    expect(status).toBe(202);
    expect(headers.get('location')).toBe(`/api/v1/deployments/${body.id}`);
    expect(body).toMatchObject({ app: 'shop', environment: 'production' });
    const run = await api.json('GET', `/api/v1/runs/${body.run_id}`);
    expect(run.body).toMatchObject({ repo: 'acme/shop', trigger: 'api', jobs: [{ id: body.job_id, kind: 'deploy' }] });
  });

  it.each([
    ['an app', { app: 'blog', environment: 'production' }, '#/app'],
    ['a release', { app: 'shop', environment: 'production', release: 'rel_none' }, '#/release'],
  ])('needs %s that exists', async (_, body, pointer) => {
    expect(await api.json('POST', '/api/v1/deployments', body)).toMatchObject({
      status: 422,
      body: { errors: [{ pointer }] },
    });
  });
});

/** Inserts a release and the deployment that made it live. */
async function insertDeployment(status: 'live' | 'retired', version: number): Promise<void> {
  const release = api.deps.newId('rel');
  const place = { app: 'shop', environment: 'production' };
  await api.deps.store.write(async (sql) => {
    await sql
      .insertInto('releases')
      .values({
        ...place,
        id: release,
        run_id,
        image: `registry.test/shop:${version}`,
        image_id: `sha256:${version}`,
        config: JSON.stringify(config),
        secret_versions: '{}',
        created_at: NOW,
        live_at: NOW,
      })
      .execute();
    await sql
      .insertInto('deployments')
      .values({
        ...place,
        id: newId('dep', NOW + version, api.deps.random),
        release_id: release,
        run_id,
        job_id: api.deps.newId('job'),
        status,
        position: run_id,
        url: 'http://shop.test',
        phases: JSON.stringify([{ name: 'start', started_at: NOW, finished_at: null }]),
        created_at: NOW,
        live_at: NOW,
      })
      .execute();
  });
}
