import { afterAll, beforeAll, expect, test } from 'vitest';
import { deliver, pushPayload } from '../github/webhook.ts';
import { GITHUB_POLL, RUN_TIMEOUT } from './api-client.ts';
import { fetchApp, startAppClients } from './app-clients.ts';
import { type Installation, startInstallation } from './installation.ts';
import { addRepository, type Repository } from './repository.ts';
import { oneJobFiles, shopFiles } from './shop-files.ts';

const HOST = 'refusals.example.com';
const APP = { app: 'refusals-shop', host: HOST };
const FILE = '.github/workflows/ci.yml';

let installation: Installation;
let repository: Repository;

beforeAll(async () => {
  installation = await startInstallation();
  repository = await addRepository(installation, 'acme/refusals-shop');
  await repository.setSecret('PASSWORD', 'hunter2');
  expect(await repository.run(shopFiles({ ...APP, release: 'one' }))).toMatchObject({ status: 'succeeded' });
}, 2 * RUN_TIMEOUT);

afterAll(async () => {
  const { apps } = await installation.dockerObjects();
  await installation.end();
  expect(apps).toEqual(['refusals-shop production']);
}, 2 * RUN_TIMEOUT);

const served = async () => (await fetchApp(installation.apps_port, HOST)).text;

test('A push with a failing test deploys nothing: dependent jobs are skipped with a reason, and GitHub gets the statuses', async () => {
  const run = await repository.run(shopFiles({ ...APP, release: 'bad', test: 'echo no luck; exit 3' }));
  expect(run.status).toBe('failed');
  expect(run.jobs.map(({ key, status, exit_code }) => [key, status, exit_code])).toEqual([
    ['test', 'failed', 3],
    ['build', 'skipped', null],
    ['deploy', 'skipped', null],
  ]);
  expect(run.jobs.slice(1).map(({ reason }) => reason)).toEqual(['test failed', 'build was skipped']);
  expect(await installation.api.getLog(run.jobs[0]?.id ?? '')).toContain('no luck\n');
  await expect
    .poll(() => repository.statusStates(run.sha ?? ''), GITHUB_POLL)
    .toEqual({ 'CI / test': 'failure', 'CI / build': 'success', 'CI / deploy': 'success' });
  expect(await served()).toBe('hello one 7');
});

test.each([
  {
    what: 'A workflow that does not parse',
    files: {
      [FILE]: 'name: CI\non: push\njobs:\n  test:\n    runs-on: ubuntu-latest\n    stepz:\n      - run: make\n',
    },
    path: FILE,
    line: 6,
    column: 5,
    message: /stepz/,
  },
  {
    what: 'A gantry.yml with an unknown key',
    files: {
      ...shopFiles({ ...APP, release: 'bad' }),
      'gantry.yml': 'app: refusals-shop\nprocesses:\n  web: { port: 3000, prot: 3000, hosts: [a.example.com] }\n',
    },
    path: 'gantry.yml',
    line: 3,
    column: 22,
    message: /prot/,
  },
  {
    what: 'A runs-on label without an image',
    files: { [FILE]: 'on: push\njobs:\n  test:\n    runs-on: windows-latest\n    steps:\n      - run: make\n' },
    path: FILE,
    line: 3,
    column: 3,
    message: /windows-latest/,
  },
])(
  '$what fails the run with file, line and column, and GitHub gets the message',
  async ({ files, path, line, column, message }) => {
    const run = await repository.run(files);
    expect(run).toMatchObject({ status: 'failed', jobs: [], reason: expect.any(String) });
    expect(run.annotations).toContainEqual(
      expect.objectContaining({ path, line, column, level: 'failure', message: expect.stringMatching(message) }),
    );
    await expect.poll(() => Object.values(repository.statusStates(run.sha ?? '')), GITHUB_POLL).toEqual(['failure']);
    const description = repository.statuses(run.sha ?? '').at(-1)?.description;
    expect(description).toContain(`${path}:${line}:${column}: `);
    expect(description).toMatch(message);
  },
);

test('A release that never becomes healthy fails its job and logs its last lines, while the old release keeps serving', async () => {
  const clients = startAppClients(installation.apps_port, HOST, 2);
  const run = await repository.run(shopFiles({ ...APP, release: 'bad', mode: 'unhealthy', health_timeout: '4s' }));
  const { bodies, failures } = await clients.stop();
  const deploy = run.jobs.find(({ key }) => key === 'deploy');
  expect(deploy, JSON.stringify(run)).toMatchObject({ status: 'failed', reason: expect.stringMatching(/healthy/) });
  expect(await installation.api.getLog(deploy?.id ?? '')).toContain(
    'release bad is unhealthy\ncannot connect to the database\n',
  );
  expect({ bodies: [...bodies.keys()], failures }).toEqual({ bodies: ['hello one 7'], failures: [] });
  await expect
    .poll(() => repository.statusStates(run.sha ?? ''), GITHUB_POLL)
    .toMatchObject({ 'CI / deploy': 'failure' });
  const deploymentState = () =>
    repository.remote.deployments.find(({ ref }) => ref === run.sha)?.statuses.at(-1)?.state;
  await expect.poll(deploymentState, GITHUB_POLL).toBe('failure');
  expect((await installation.dockerObjects()).apps).toEqual(['refusals-shop production']);
});

test('A rollback under load restores image, environment and secrets, and no request fails', async () => {
  const { apps_port, api } = installation;
  await repository.setSecret('PASSWORD', 'longer than before');
  const two = await repository.run(shopFiles({ ...APP, release: 'two', greeting: 'goodbye' }));
  expect(two.status, JSON.stringify(two)).toBe('succeeded');
  expect(await served()).toBe('goodbye two 18');

  const clients = startAppClients(apps_port, HOST);
  const wanted = { app: 'refusals-shop', environment: 'production' };
  const { status, body } = await api.request<{ run_id: string }>('POST', '/api/v1/deployments', wanted);
  expect(status).toBe(202);
  const run = await api.waitForRunEnd(body.run_id);
  expect(run).toMatchObject({ status: 'succeeded', trigger: 'api' });
  const before = clients.count();
  await expect.poll(() => clients.count(), { timeout: RUN_TIMEOUT }).toBeGreaterThan(before + 100);
  const { bodies, failures } = await clients.stop();
  expect({ bodies: [...bodies.keys()], failures }).toEqual({
    bodies: ['goodbye two 18', 'hello one 7'],
    failures: [],
  });
  await expect.poll(() => Object.values(repository.statusStates(run.sha ?? '')), GITHUB_POLL).not.toContain('pending');
  expect((await installation.dockerObjects()).apps).toEqual(['refusals-shop production']);
});

test('A webhook that arrives 100 times at once starts one run', async () => {
  const { api, git } = installation;
  const sha = await git.push(repository.name, oneJobFiles(['echo once']));
  const url = `${api.url}/webhooks/github`;
  const delivery = {
    event: 'push',
    payload: pushPayload({ repository: repository.remote, sha }),
    secret: repository.secret,
  };
  const guid = '0b989ba4-242f-11e5-81e1-c7b6966d2516';
  // Half of them have the same GUID, the others unique ones: GitHub does not sign headers.
  const answers = await Promise.all(
    Array.from({ length: 100 }, (_, index) => deliver(url, { ...delivery, ...(index % 2 === 0 && { guid }) })),
  );
  expect(answers.filter(({ status }) => status === 202)).toHaveLength(1);
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(99);
  const run = await api.waitForRunEnd((await api.waitForRun(sha)).id);
  expect(run.status).toBe('succeeded');
  const { body } = await api.request<{ items: unknown[] }>('GET', `/api/v1/runs?sha=${sha}`);
  expect(body.items).toHaveLength(1);
  const deliveries = await api.request('GET', '/api/v1/deliveries?limit=1');
  expect(deliveries.body).toMatchObject({ items: [{ sha, status: 'planned', run_ids: [run.id] }] });
});

test('A forged webhook, one signed with another repository’s secret and one of 26 MiB are rejected', async () => {
  const other = await addRepository(installation, 'acme/refusals-other');
  const url = `${installation.api.url}/webhooks/github`;
  const payload = pushPayload({ repository: repository.remote, sha: 'f'.repeat(40) });
  const target = { type: 'repository' as const, id: other.remote.id };
  const refused = await Promise.all([
    deliver(url, { event: 'push', payload }),
    deliver(url, { event: 'push', payload, secret: 'guessed' }),
    deliver(url, { event: 'push', payload, secret: other.secret }),
    deliver(url, { event: 'push', payload, secret: other.secret, target }),
  ]);
  expect(refused.map(({ status }) => status)).toEqual([401, 401, 401, 401]);
  const large = { ...payload, padding: 'x'.repeat(26 * 1024 * 1024) };
  expect(await deliver(url, { event: 'push', payload: large, secret: repository.secret })).toMatchObject({
    status: 413,
  });
  const { body } = await installation.api.request('GET', `/api/v1/runs?sha=${'f'.repeat(40)}`);
  expect(body).toMatchObject({ items: [] });
});
