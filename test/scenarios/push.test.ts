import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { GITHUB_POLL, RUN_TIMEOUT, type Run } from './api-client.ts';
import { fetchApp, openStream, startAppClients } from './app-clients.ts';
import { imageOf } from './docker-objects.ts';
import { type Installation, startInstallation } from './installation.ts';
import { addRepository, type Repository } from './repository.ts';
import { shopFiles } from './shop-files.ts';

const HOST = 'push.example.com';
const APP = { app: 'push-shop', host: HOST };
const EXAMPLE = resolve(import.meta.dirname, '../../examples/shop');

const Deployments = z.object({
  items: z.array(
    z.object({ id: z.string(), status: z.string(), image: z.string().nullable(), url: z.string().nullable() }),
  ),
});

let installation: Installation;
let repository: Repository;
let first: Run;

beforeAll(async () => {
  installation = await startInstallation();
  repository = await addRepository(installation, 'acme/push-shop');
  await repository.setSecret('PASSWORD', 'hunter2');
}, 2 * RUN_TIMEOUT);

afterAll(async () => {
  const { apps } = await installation.dockerObjects();
  await installation.end();
  expect(apps, 'apps that keep running without Gantry').toEqual(['push-shop production', 'shipped-shop production']);
}, 2 * RUN_TIMEOUT);

test('A push is tested, built and deployed with exactly the built image, and its events can be followed', async () => {
  const { api } = installation;
  const { sha, status } = await repository.push(shopFiles({ ...APP, release: 'one' }));
  expect(status).toBe(202);
  const { id } = await api.waitForRun(sha);
  const followed = await api.streamEvents(`/api/v1/runs/${id}/events`);
  first = await api.getRun(id);

  expect(first).toMatchObject({
    status: 'succeeded',
    workflow: 'CI',
    trigger: 'push',
    sha,
    branch: 'main',
    reason: null,
  });
  expect(first.jobs.map(({ name, kind, status }) => `${name} ${kind} ${status}`)).toEqual([
    'test test succeeded',
    'build build succeeded',
    'deploy deploy succeeded',
  ]);
  expect(followed.at(-1)).toMatchObject({ event: 'end', data: '{"status":"succeeded"}' });
  const revs = followed.slice(0, -1).map((message) => Number(message.id));
  expect(revs).toEqual([...new Set(revs)].toSorted((a, b) => a - b));
  expect(await fetchApp(installation.apps_port, HOST)).toEqual({ status: 200, text: 'hello one 7' });

  const { body } = await api.request('GET', '/api/v1/deployments?app=push-shop&environment=production');
  const [deployment] = Deployments.parse(body).items;
  const { image, digest } = first.jobs[1]?.outputs ?? {};
  expect(deployment).toMatchObject({ status: 'live', image });
  expect(await imageOf(deployment?.id ?? '')).toBe(digest);
});

test('GitHub gets the status of each job, and the deployment with its URL', async () => {
  await expect
    .poll(() => repository.statusStates(first.sha ?? ''), GITHUB_POLL)
    .toEqual({
      'CI / test': 'success',
      'CI / build': 'success',
      'CI / deploy': 'success',
    });
  const ended = () => repository.remote.deployments[0]?.statuses.at(-1)?.state === 'success';
  await expect.poll(ended, GITHUB_POLL).toBe(true);
  const [deployment, ...more] = repository.remote.deployments;
  expect(more).toEqual([]);
  expect(deployment).toMatchObject({ ref: first.sha, environment: 'production', auto_merge: false });
  expect(deployment?.statuses.at(-1)?.environment_url).toContain(HOST);
  expect(repository.statuses(first.sha ?? '').every(({ target_url }) => target_url?.endsWith(first.id))).toBe(true);
  expect(installation.github.violations).toEqual([]);
});

test('A log can be read as text, and as events that resume after any line', async () => {
  const { api } = installation;
  const [job] = first.jobs;
  const path = `/api/v1/jobs/${job?.id}/logs`;
  const whole = await api.streamEvents(path);
  const lines = whole.filter(({ event }) => event === 'message');
  expect(lines.map(({ data }) => JSON.parse(data))).toContainEqual(
    expect.objectContaining({ step: 2, stream: 'stdout', text: 'tested', attempt: 1 }),
  );
  expect(JSON.parse(whole.at(-1)?.data ?? '')).toEqual({ status: 'succeeded', reason: null, exit_code: 0 });
  const middle = Math.floor(lines.length / 2);
  expect(await api.streamEvents(path, { 'last-event-id': lines[middle]?.id ?? '' })).toEqual(whole.slice(middle + 1));
  const texts = lines.map(({ data }) => `${(JSON.parse(data) as { text: string }).text}\n`);
  expect(await api.getLog(job?.id ?? '')).toBe(texts.join(''));
});

test('A repository without a workflow uses the matching shipped workflow', async () => {
  const shipped = await addRepository(installation, 'acme/shipped-shop');
  const names = (await readdir(EXAMPLE)).filter((name) => name !== 'gantry.yml');
  const files = await Promise.all(names.map(async (name) => [name, await readFile(join(EXAMPLE, name))] as const));
  const example = await readFile(join(EXAMPLE, 'gantry.yml'), 'utf8');
  const app = example.replace('app: shop', 'app: shipped-shop').replace('shop.localhost', 'shipped.example.com');
  const run = await shipped.run({ ...Object.fromEntries(files), 'gantry.yml': app });
  expect(run.jobs.map(({ key, status, reason }) => [key, status, reason])).toEqual([
    ['test', 'succeeded', null],
    ['build', 'succeeded', null],
    ['deploy', 'succeeded', null],
  ]);
  expect((await fetchApp(installation.apps_port, 'shipped.example.com')).text).toBe(
    'Welcome to the shop, release 1.\n',
  );

  const { sha } = await shipped.push({ 'greet.js': 'broken' }, { ref: 'feature', parent: run.sha });
  const feature = await installation.api.waitForRunEnd((await installation.api.waitForRun(sha)).id);
  expect(feature.jobs.map(({ key, status }) => [key, status])).toEqual([
    ['test', 'failed'],
    ['build', 'succeeded'],
    ['deploy', 'skipped'],
  ]);
});

test(
  'No request of 10,000 fails during further deployments, and an open stream continues until the grace period of its release ends',
  async () => {
    const { apps_port } = installation;
    const clients = startAppClients(apps_port, HOST);
    const stream = await openStream(apps_port, HOST, '/events');
    onTestFinished(() => void stream.close());
    expect(stream).toMatchObject({ text: 'data: one\n\n', open: true });
    for (const release of ['two', 'three', 'four']) {
      const { sha } = await repository.push(shopFiles({ ...APP, release }));
      await expect
        .poll(() => clients.bodies.has(`hello ${release} 7`), { timeout: RUN_TIMEOUT, interval: 20 })
        .toBe(true);
      if (release === 'two') expect(stream.open, 'while the new release is live').toBe(true);
      const { id } = await installation.api.waitForRun(sha);
      const run = await installation.api.waitForRunEnd(id);
      expect(run, JSON.stringify(run.jobs)).toMatchObject({ status: 'succeeded' });
      expect((await fetchApp(apps_port, HOST)).text).toBe(`hello ${release} 7`);
    }
    await expect.poll(() => clients.count(), { timeout: RUN_TIMEOUT }).toBeGreaterThan(10_000);
    const { bodies, failures } = await clients.stop();
    expect(failures).toEqual([]);
    expect([...bodies.keys()]).toEqual(['one', 'two', 'three', 'four'].map((release) => `hello ${release} 7`));
    await expect.poll(() => stream.open, { timeout: 10_000 }).toBe(false);
    const { apps, jobs } = await installation.dockerObjects();
    expect({ apps, jobs }).toEqual({ apps: ['push-shop production', 'shipped-shop production'], jobs: [] });
  },
  3 * RUN_TIMEOUT,
);
