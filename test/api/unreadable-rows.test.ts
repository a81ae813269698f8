import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ApiHarness, openApiHarness } from './harness.ts';

let api: ApiHarness;
beforeAll(async () => {
  api = await openApiHarness();
});
afterAll(() => api.close());

it('A run that cannot be read is left out of the list, and the others are shown', async () => {
  const [broken, brokenJob, good] = await Promise.all([submit(), submit(), submit()]);
  await api.deps.store.write(async (sql) => {
    await sql.updateTable('runs').set({ annotations: '{' }).where('id', '=', broken.run_id).execute();
    await sql.updateTable('jobs').set({ needs: '{"v":1,"value":{}}' }).where('id', '=', brokenJob.id).execute();
  });
  const { status, body } = await api.json('GET', '/api/v1/runs');
  expect(status).toBe(200);
  expect(body.items.map(({ id }: { id: string }) => id)).toEqual([good.run_id]);
  expect((await api.json('GET', `/api/v1/runs/${good.run_id}`)).status).toBe(200);
  expect((await api.json('GET', `/api/v1/runs/${broken.run_id}`)).status).toBe(500);
});

it('A deployment that cannot be read is left out of the list', async () => {
  const rows = ['one', 'two'].map((app) => ({
    id: api.deps.newId('dep'),
    app,
    environment: 'production',
    run_id: 'run_1',
    job_id: `job_${app}`,
    status: 'failed' as const,
    position: '1',
    phases: app === 'one' ? 'nonsense' : '[]',
    created_at: 0,
  }));
  await api.deps.store.write((sql) => sql.insertInto('deployments').values(rows).execute());
  const { body } = await api.json('GET', '/api/v1/deployments');
  expect(body.items.map(({ app }: { app: string }) => app)).toEqual(['two']);
});

async function submit(): Promise<{ id: string; run_id: string }> {
  return (await api.json('POST', '/api/v1/jobs', { image: 'busybox', run: 'true' })).body;
}
