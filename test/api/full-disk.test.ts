import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { sign } from '@octokit/webhooks-methods';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { pushPayload } from '../github/webhook.ts';
import { openSmallDisk } from '../small-disk.ts';
import { type ApiHarness, openApiHarness } from './harness.ts';

const shop = { id: 7, full_name: 'acme/shop', clone_url: 'https://git.test/acme/shop.git', default_branch: 'main' };
const push = JSON.stringify(pushPayload({ repository: shop, sha: 'a'.repeat(40) }));
const task = { image: 'busybox', run: 'true' };

const database = openSmallDisk();
const shared = openSmallDisk();

describe.skipIf(database === null || shared === null)('A full disk', () => {
  if (database === null || shared === null) return;
  let api: ApiHarness;
  let job: { id: string; run_id: string };
  let token: string;

  beforeAll(async () => {
    api = await openApiHarness({
      server_dir: join(database.path, 'server'),
      shared_dir: join(shared.path, 'shared'),
      webhook_secret: 'installation-secret',
    });
    await api.json('POST', '/api/v1/repos', { name: 'acme/shop', github_id: 7, clone_url: shop.clone_url });
    ({ body: job } = await api.json('POST', '/api/v1/jobs', task));
    ({
      body: { token },
    } = await api.json('POST', '/api/v1/tokens', { name: 'reader' }));
  });
  afterAll(async () => {
    await api.close();
    database.close();
    shared.close();
  });
  beforeEach(waitUntilReady);
  afterEach(() => {
    vi.restoreAllMocks();
    database.free();
    shared.free();
  });

  it.each([
    ['the database', database, 'server/gantry.db'],
    ['the shared folder', shared, 'shared/blobs'],
  ])('of %s is reported by /readyz', async (_, disk, path) => {
    disk.fill();
    await expect
      .poll(() => api.json('GET', '/readyz'), { timeout: 10_000 })
      .toMatchObject({
        status: 503,
        body: {
          status: 'not_ready',
          parts: { sql: 'up', disk: 'down' },
          reasons: [expect.stringContaining(`The disk is full: cannot write to ${join(disk.path, path)}.`)],
        },
      });
    expect((await api.json('GET', '/healthz')).status).toBe(200);
    disk.free();
    await waitUntilReady();
  });

  it('refuses jobs, runs, cancellations, webhooks and tokens with 507, stores nothing, and accepts them when there is space again', async () => {
    const before = await stored();
    database.fill();
    const refused = {
      status: 507,
      body: {
        title: 'Insufficient Storage',
        detail: `Nothing was stored. The disk is full: cannot write to ${join(database.path, 'server/gantry.db')}. Free space on it, or raise its quota. No restart is needed.`,
      },
    };
    expect(await api.json('POST', '/api/v1/jobs', task)).toMatchObject(refused);
    expect(await api.json('POST', '/api/v1/tokens', { name: 'x' })).toMatchObject(refused);
    expect(await api.json('POST', `/api/v1/runs/${job.run_id}/cancellation`, {})).toMatchObject(refused);
    expect(await api.json('DELETE', '/api/v1/repos/acme%2Fshop')).toMatchObject(refused);
    expect(await api.json('GET', '/readyz')).toMatchObject({ status: 503 });
    expect(await deliver()).toMatchObject(refused);
    expect(await api.json('POST', '/api/v1/runs', { repo: 'acme/shop', ref: 'main' })).toMatchObject(refused);
    expect(await stored()).toEqual(before);

    database.free();
    await waitUntilReady();
    expect(await api.json('POST', '/api/v1/jobs', task)).toMatchObject({ status: 202 });
    expect(await api.json('POST', `/api/v1/runs/${job.run_id}/cancellation`, {})).toMatchObject({ status: 202 });
    expect(await deliver()).toMatchObject({ status: 202 });
  });

  it('of the shared folder refuses a webhook with 507, and the webhook is accepted when it is sent again', async () => {
    const before = await stored();
    shared.fill();
    const body = JSON.stringify(pushPayload({ repository: shop, sha: 'b'.repeat(40) }));
    const refused = await deliver(body, 'again');
    expect(refused).toMatchObject({ status: 507, body: { detail: expect.stringContaining(shared.path) } });
    expect(await stored()).toEqual(before);
    shared.free();
    await waitUntilReady();
    expect(await deliver(body, 'again')).toMatchObject({ status: 202 });
  });

  it('still lets a client with a stored token read', async () => {
    database.fill();
    const headers = { authorization: `Bearer ${token}` };
    expect(await api.json('GET', `/api/v1/jobs/${job.id}`, undefined, headers)).toMatchObject({ status: 200 });
  });

  it('is logged once, and so is its end', async () => {
    const error = vi.spyOn(api.deps.log, 'error');
    const info = vi.spyOn(api.deps.log, 'info');
    database.fill();
    for (let i = 0; i < 5; i++) expect(await api.json('POST', '/api/v1/jobs', task)).toMatchObject({ status: 507 });
    expect(await api.json('GET', '/readyz')).toMatchObject({ status: 503 });
    expect(error).toHaveBeenCalledTimes(1);
    database.free();
    await waitUntilReady();
    expect(info.mock.calls).toEqual([['disk is writable again']]);
  });

  async function waitUntilReady(): Promise<void> {
    await expect
      .poll(() => api.json('GET', '/readyz'), { timeout: 10_000 })
      .toMatchObject({
        status: 200,
        body: { parts: { disk: 'up' }, reasons: [] },
      });
  }

  async function deliver(body = push, guid = 'first') {
    const response = await api.app.request('/webhooks/github', {
      method: 'POST',
      body,
      headers: {
        'content-type': 'application/json',
        'x-github-delivery': guid,
        'x-github-event': 'push',
        'x-hub-signature-256': await sign('installation-secret', body),
      },
    });
    return { status: response.status, body: await response.json() };
  }

  async function stored() {
    const { read } = api.deps.store;
    const count = async (table: 'deliveries' | 'runs' | 'jobs' | 'attempts' | 'tokens' | 'repos') =>
      (await read.selectFrom(table).selectAll().execute()).length;
    return {
      rows: await Promise.all([
        count('deliveries'),
        count('runs'),
        count('jobs'),
        count('attempts'),
        count('tokens'),
        count('repos'),
      ]),
      files: readdirSync(join(api.deps.config.shared_dir, 'blobs'), { recursive: true, encoding: 'utf8' })
        .filter((path) => /\w{20}/.test(path))
        .toSorted(),
    };
  }
});
