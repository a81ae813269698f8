import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildApp } from '../../../src/api/app.ts';
import { readConfig } from '../../../src/config.ts';
import { openControl } from '../../../src/control/control.ts';
import { deployOrder } from '../../../src/control/deployments/deploy-order.ts';
import { grantFor } from '../../../src/control/protocol/grant.ts';
import { openSecrets } from '../../../src/control/repos/secrets.ts';
import { effects } from '../../../src/control/stored/columns.ts';
import { type ServerDeps, serverDeps } from '../../../src/deps.ts';
import { collectEvents } from '../../api/event-stream.ts';
import { startRedis, type TestRedis } from '../../redis.ts';

const TOKEN = 'a-token-of-the-tests';
const dump = readFileSync(resolve(import.meta.dirname, '../../fixtures/databases/0.1.0.sql'), 'utf8');

let dir: string;
let redis: TestRedis;
let deps: ServerDeps;
let request: (method: string, path: string, body?: unknown, headers?: Record<string, string>) => Promise<Response>;
let get: (path: string) => Promise<Json>;
let post: (path: string, body: unknown) => Promise<Json>;

// oxlint-disable-next-line typescript/no-explicit-any -- the API's description defines the shape of these responses
type Json = any;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'gantry-upgrade-'));
  redis = await startRedis();
  await restore(dir);
  const config = readConfig({
    GANTRY_DATA_DIR: dir,
    GANTRY_REDIS_URL: redis.url,
    GANTRY_TOKEN: TOKEN,
    GANTRY_LOG_LEVEL: 'silent',
  });
  deps = openControl(await serverDeps(config, 'test'));
  const app = buildApp(deps, new AbortController().signal);
  request = async (method, path, body, headers = {}) => {
    const init = {
      method,
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json', ...headers },
    };
    return app.request(`/api/v1${path}`, body === undefined ? init : { ...init, body: JSON.stringify(body) });
  };
  const send = async (method: string, path: string, body?: unknown) => {
    const response = await request(method, path, body);
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return JSON.parse(text);
  };
  get = (path) => send('GET', path);
  post = (path, body) => send('POST', path, body);
});
afterAll(async () => {
  await Promise.all([deps.bus.close(), deps.offers.close(), deps.wakeups.close()]);
  await deps.store.close();
  await redis.end();
  await rm(dir, { recursive: true, force: true });
});

describe('A database of Gantry 0.1.0', () => {
  it('shows every run with its jobs', async () => {
    const { items } = await get('/runs?limit=100');
    expect(items.length).toBe(14);
    expect(statuses(items)).toEqual({ cancelled: 1, failed: 4, queued: 1, succeeded: 8 });
    for (const run of items) expect(await get(`/runs/${run.id}`)).toEqual(run);
  });

  it('shows every job with its steps, outputs and annotations', async () => {
    const { items: runs } = await get('/runs?limit=100');
    const jobs = runs.flatMap((run: Json) => run.jobs);
    expect(jobs.length).toBe(27);
    for (const job of jobs) expect(await get(`/jobs/${job.id}`)).toEqual(job);
    const ci = runs.find((run: Json) => run.workflow === 'CI');
    expect(ci.jobs[0]).toMatchObject({
      key: 'test (one)',
      outputs: { part: 'one' },
      steps: [
        { number: 1, id: 'say', status: 'succeeded', exit_code: 0, started_at: expect.any(String) },
        { number: 2, id: null, status: 'succeeded' },
      ],
      annotations: [{ path: 'greet.js', line: 1, level: 'warning', message: 'look here' }],
    });
    expect(ci.jobs.map((job: Json) => job.status)).toEqual([
      'succeeded',
      'succeeded',
      'failed',
      'skipped',
      'succeeded',
    ]);
    const broken = runs.find((run: Json) => run.path === '.github/workflows/ci.yml' && run.status === 'failed');
    expect(broken.annotations).toMatchObject([{ level: 'failure', path: '.github/workflows/ci.yml' }]);
  });

  it('streams the revisions of a run that has ended', async () => {
    const run = (await get('/runs?limit=100')).items.find((run: Json) => run.workflow === 'CI');
    const response = await request('GET', `/runs/${run.id}/events`, undefined, { 'last-event-id': '0' });
    const messages = await collectEvents(response);
    const changes = messages.filter(({ event }) => event === 'run').map(({ data }) => JSON.parse(data));
    expect(changes.map(({ rev }) => rev)).toEqual(changes.map((_, index) => index + 1));
    const jobs = new Map(changes.flatMap(({ jobs }) => jobs.map((job: Json) => [job.id, job])));
    expect(run.jobs.map((job: Json) => jobs.get(job.id))).toEqual(run.jobs);
    expect(messages.at(-1)).toMatchObject({ event: 'end', data: '{"status":"succeeded"}' });
  });

  it('shows every deployment, delivery, secret and token', async () => {
    const { items: deployments } = await get('/deployments?limit=100');
    expect(statuses(deployments)).toEqual({ failed: 1, live: 1, retired: 3 });
    expect(deployments[1].phases.map((phase: Json) => phase.name)).toEqual(['start', 'gate', 'switch', 'drain']);
    const { items: deliveries } = await get('/deliveries?limit=100');
    expect(statuses(deliveries)).toEqual({ planned: 7 });
    const { items: secrets } = await get('/repos/acme%2Fshop/secrets');
    expect(secrets).toMatchObject([{ name: 'API_KEY', version: 2 }]);
    const { items: tokens } = await get('/tokens');
    expect(tokens.map((token: Json) => token.name)).toEqual(['laptop', 'first admin token']);
  });

  it('has values in the columns that are new', async () => {
    const { read } = deps.store;
    const tokens = await read.selectFrom('tokens').select(['scope', 'attempt_id', 'expires_at']).execute();
    expect(tokens).toEqual(tokens.map(() => ({ scope: 'admin', attempt_id: null, expires_at: null })));
    const attempts = await read.selectFrom('attempts').select('handed_back').execute();
    expect(attempts).toEqual(attempts.map(() => ({ handed_back: 0 })));
    const jobs = await read.selectFrom('jobs').select(['status', 'attempt', 'started_attempt']).execute();
    const unstarted = jobs.filter(({ attempt, started_attempt }) => attempt !== started_attempt);
    expect(unstarted).toEqual([{ status: 'queued', attempt: 2, started_attempt: 1 }]);
    // Counted in the JSON of the dump.
    expect(statuses(await read.selectFrom('steps').selectAll().execute())).toEqual({
      cancelled: 1,
      errored: 1,
      failed: 4,
      succeeded: 36,
    });
    expect((await read.selectFrom('annotations').selectAll().execute()).length).toBe(2);
  });

  it('opens its secrets with the key it was made with', async () => {
    const repo = await deps.store.read.selectFrom('repos').selectAll().executeTakeFirstOrThrow();
    expect(await openSecrets(deps.store.read, deps.vault, repo.id)).toEqual([
      { name: 'API_KEY', version: 2, value: 'second-value' },
    ]);
  });

  it('grants the job that was still queued', async () => {
    const attempt = await deps.store.read
      .selectFrom('attempts')
      .selectAll()
      .where('status', '=', 'offered')
      .executeTakeFirstOrThrow();
    expect(await grantFor(deps, attempt)).toMatchObject({ subject: 'job', spec: { kind: 'task' }, number: 2 });
  });

  it('keeps the effects in the outbox that still matter', async () => {
    const rows = await deps.store.read.selectFrom('outbox').selectAll().orderBy('id').execute();
    expect(rows.map((row) => effects.read(row))).toMatchObject([
      { do: 'offer' },
      { do: 'environment', app: 'shop', environment: 'production' },
      { do: 'withdraw', lane: 'test' },
    ]);
  });

  it('rolls back to each kept release, with its configuration and secrets', async () => {
    const releases = await deps.store.read.selectFrom('releases').selectAll().where('kept', '=', 1).execute();
    expect(releases.length).toBe(3);
    for (const release of releases) {
      const { id, job_id } = await post('/deployments', {
        app: release.app,
        environment: release.environment,
        release: release.id,
      });
      const row = await deps.store.read
        .selectFrom('deployments')
        .selectAll()
        .where('id', '=', id)
        .executeTakeFirstOrThrow();
      expect(await deployOrder(deps, deps.store.read, row)).toMatchObject({
        release: release.id,
        image_id: release.image_id,
        config: { app: 'shop', processes: { web: { port: 3000, hosts: ['shop.localhost'] } } },
        env: { GREETING: 'Welcome', ...(release.secret_versions === '{}' ? {} : { API_KEY: 'second-value' }) },
      });
      const attempt = await deps.store.read
        .selectFrom('attempts')
        .selectAll()
        .where('subject_id', '=', job_id)
        .executeTakeFirstOrThrow();
      expect(await grantFor(deps, attempt)).toMatchObject({ subject: 'job', release: release.id });
    }
  });
});

/** Writes the dumped database, and the key from its header, to where a server reads them. */
async function restore(data: string): Promise<void> {
  const server = join(data, 'server');
  await mkdir(server, { mode: 0o700 });
  const key = /^-- key: ([0-9a-f]{64})$/m.exec(dump)?.[1] ?? '';
  await writeFile(join(server, 'key'), Buffer.from(key, 'hex'), { mode: 0o600 });
  const database = new DatabaseSync(join(server, 'gantry.sqlite'));
  database.exec(dump);
  database.close();
}

function statuses(rows: { status: string }[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { status } of rows.toSorted((a, b) => a.status.localeCompare(b.status)))
    counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}
