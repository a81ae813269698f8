import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiHarness, openApiHarness } from '../harness.ts';

let api: ApiHarness;
beforeAll(async () => {
  api = await openApiHarness();
  for (const name of ['acme/shop', 'acme/blog'])
    await api.json('POST', '/api/v1/repos', { name, clone_url: 'https://git.test/x.git' });
});
afterAll(() => api.close());

describe('A run started through the API', () => {
  it('exists as soon as the request is answered', async () => {
    const { status, headers, body } = await start({ repo: 'Acme/Shop', ref: 'main', workflow: 'ci.yml' });
    expect(status).toBe(202);
    expect(headers.get('location')).toBe(`/api/v1/runs/${body.id}`);
    expect(body).toMatchObject({
      number: 1,
      repo: 'acme/shop',
      trigger: 'api',
      ref: 'refs/heads/main',
      branch: 'main',
      status: 'queued',
      annotations: [],
      jobs: [],
    });
    expect((await api.json('GET', `/api/v1/runs/${body.id}`)).body).toEqual(body);
    const [delivery] = (await api.json('GET', '/api/v1/deliveries')).body.items;
    expect(delivery).toMatchObject({ source: 'api', guid: null, run_ids: [body.id] });
  });

  it('needs a registered repository', async () => {
    expect(await start({ repo: 'acme/none', ref: 'main' })).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: '#/repo' }] },
    });
  });

  it.each(['', ' ', 'a b', 'a..b~1', 'x^', 'a:b', '*', 'a\nb', '[x', 'x'.repeat(256)])(
    'rejects the ref %j',
    async (ref) => {
      expect(await start({ repo: 'acme/shop', ref })).toMatchObject({
        status: 422,
        body: { errors: expect.arrayContaining([expect.objectContaining({ pointer: '#/ref' })]) },
      });
    },
  );
});

describe('Cancelling', () => {
  it('has an effect once; later requests return the same run', async () => {
    const { id } = (await start({ repo: 'acme/shop', ref: 'main' })).body;
    const first = await api.json('POST', `/api/v1/runs/${id}/cancellation`, { reason: 'not this one' });
    expect(first).toMatchObject({ status: 202, body: { status: 'cancelled', reason: 'not this one' } });
    const again = await api.json('POST', `/api/v1/runs/${id}/cancellation`, { force: true });
    expect(again).toMatchObject({ status: 202, body: first.body });
  });

  it('needs no body, but an existing run', async () => {
    const { id } = (await start({ repo: 'acme/shop', ref: 'main' })).body;
    expect((await api.json('POST', `/api/v1/runs/${id}/cancellation`)).body.status).toBe('cancelled');
    expect((await api.json('POST', '/api/v1/runs/run_none/cancellation')).status).toBe(404);
    expect((await api.json('POST', `/api/v1/runs/${id}/cancellation`, { forced: true })).status).toBe(422);
  });
});

describe('The list of runs', () => {
  it('is paginated, newest first, with each run once', async () => {
    for (let i = 0; i < 5; i++) await start({ repo: 'acme/blog', ref: `b${i}` });
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const next: string = cursor === null ? '' : `&cursor=${cursor}`;
      const { body } = await api.json('GET', `/api/v1/runs?repo=acme/blog&limit=2${next}`);
      seen.push(...body.items.map((run: { id: string }) => run.id));
      cursor = body.next_cursor;
    } while (cursor !== null);
    expect(seen).toEqual(seen.toSorted().toReversed());
    expect(new Set(seen).size).toBe(5);
  });

  it('can be filtered by repository, branch, commit and status', async () => {
    const sha = 'c'.repeat(40);
    const { id } = (await start({ repo: 'acme/shop', ref: 'filtered' })).body;
    await api.deps.store.write((sql) => sql.updateTable('runs').set({ sha }).where('id', '=', id).execute());
    await api.json('POST', `/api/v1/runs/${id}/cancellation`);
    for (const query of [
      'branch=filtered',
      `sha=${sha}`,
      'sha=CCCCCCCC',
      `repo=acme%2Fshop&branch=filtered&status=cancelled`,
    ])
      expect((await api.json('GET', `/api/v1/runs?${query}`)).body.items).toMatchObject([{ id }]);
    for (const query of ['branch=filtered&status=running', 'repo=acme/none', 'repo=acme/blog&branch=filtered'])
      expect((await api.json('GET', `/api/v1/runs?${query}`)).body).toEqual({ items: [], next_cursor: null });
  });

  it('rejects a cursor of another list', async () => {
    expect((await api.json('GET', `/api/v1/runs?cursor=job_${'0'.repeat(26)}`)).status).toBe(422);
  });
});

function start(body: object) {
  return api.json('POST', '/api/v1/runs', body);
}
