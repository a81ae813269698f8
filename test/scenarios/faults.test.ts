import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { type Job, RUN_TIMEOUT, type Run } from './api-client.ts';
import { type AppClients, fetchApp, startAppClients } from './app-clients.ts';
import { unblockAll, WAIT_FOR_UNBLOCK } from './blocked-step.ts';
import { watchContainers } from './container-watch.ts';
import { type Installation, startInstallation } from './installation.ts';
import { addRepository, type Repository } from './repository.ts';
import { oneJobFiles, shopFiles } from './shop-files.ts';

const run = promisify(execFile);
const HOST = 'faults.example.com';
const APP = { app: 'faults-shop', host: HOST };
/** Milliseconds for a run that loses its worker: control notices the silence after 12 s. */
const LOST_WORKER_TIMEOUT = RUN_TIMEOUT + 30_000;

let installation: Installation;
let repository: Repository;
/** Clients of the live app during all tests. */
let clients: AppClients;

beforeAll(async () => {
  installation = await startInstallation();
  repository = await addRepository(installation, 'acme/faults-shop');
  await repository.setSecret('PASSWORD', 'hunter2');
  expect(await repository.run(shopFiles({ ...APP, release: 'one' }))).toMatchObject({ status: 'succeeded' });
  clients = startAppClients(installation.apps_port, HOST, 1);
}, 2 * RUN_TIMEOUT);

afterAll(async () => {
  const { bodies, failures } = await clients.stop();
  await installation.end();
  expect({ bodies: [...bodies.keys()], failures }).toEqual({ bodies: ['hello one 7', 'hello two 7'], failures: [] });
}, 2 * RUN_TIMEOUT);

const redis = (...command: string[]) =>
  run('redis-cli', ['-s', join(installation.data_dir, 'redis/redis.sock'), ...command]);

test(
  'When workers are killed during a job, one new attempt runs, and never two at the same time',
  async () => {
    const { api } = installation;
    await using watch = await watchContainers(installation.id);
    const { sha } = await repository.push(oneJobFiles(['echo attempt $GITHUB_RUN_ATTEMPT', WAIT_FOR_UNBLOCK]));
    const job = await waitForScript(sha);
    const workers = installation.pids('worker');
    expect(workers).toHaveLength(2);
    for (const pid of workers) process.kill(pid, 'SIGKILL');

    await api.waitFor(
      () => api.getJob(job.id),
      ({ status, attempt }) => status === 'running' && attempt === 2,
      LOST_WORKER_TIMEOUT,
    );
    const ended = await unblockUntilEnded(job.run_id);
    expect(ended).toMatchObject({ status: 'succeeded', jobs: [{ attempt: 2, status: 'succeeded' }] });
    expect(watch.maxConcurrent(job.id)).toBe(1);
    expect(installation.pids('worker').filter((pid) => workers.includes(pid))).toEqual([]);
  },
  2 * LOST_WORKER_TIMEOUT,
);

test('A server that is killed during a run is restarted, and the run continues', async () => {
  const { api } = installation;
  const { sha } = await repository.push(oneJobFiles(['echo before', WAIT_FOR_UNBLOCK, 'echo after']));
  const job = await waitForScript(sha);
  const [server = 0] = installation.pids('server');
  process.kill(server, 'SIGKILL');
  const ended = await unblockUntilEnded(job.run_id);
  expect(ended).toMatchObject({ status: 'succeeded', jobs: [{ attempt: 1, status: 'succeeded' }] });
  expect(await api.getLog(job.id)).toMatch(/before\n[^]*after\n/);
  expect(installation.pids('server')).toEqual([expect.not.toSatisfy((pid) => pid === server)]);
});

test(
  'A server that is suspended for 16 s takes no worker for lost',
  async () => {
    const { api } = installation;
    const { sha } = await repository.push(oneJobFiles(['echo before', WAIT_FOR_UNBLOCK]));
    const job = await waitForScript(sha);
    const [server = 0] = installation.pids('server');
    process.kill(server, 'SIGSTOP');
    await delay(16_000);
    process.kill(server, 'SIGCONT');
    await expect
      .poll(() => readFile(join(installation.data_dir, 'up.log'), 'utf8'), { timeout: 10_000 })
      .toContain('the server was suspended');
    const ended = await unblockUntilEnded(job.run_id);
    expect(ended).toMatchObject({ status: 'succeeded', jobs: [{ attempt: 1, status: 'succeeded' }] });
    expect(await api.getLog(job.id)).toContain('before\n');
  },
  2 * RUN_TIMEOUT,
);

test('Repeated FLUSHALL during a run loses nothing', async () => {
  const { api } = installation;
  const { sha } = await repository.push(oneJobFiles(['echo before', WAIT_FOR_UNBLOCK, 'echo after']));
  await redis('FLUSHALL');
  const job = await waitForScript(sha);
  await redis('FLUSHALL');
  const ended = await unblockUntilEnded(job.run_id, () => redis('FLUSHALL'));
  expect(ended).toMatchObject({ status: 'succeeded', jobs: [{ attempt: 1, status: 'succeeded' }] });
  expect(await api.getLog(job.id)).toMatch(/before\n[^]*after\n/);
});

test(
  'A job and a deployment in its health gate both finish after all processes were killed at once',
  async () => {
    const { api, apps_port } = installation;
    await using watch = await watchContainers(installation.id);
    const two = await repository.push(shopFiles({ ...APP, release: 'two', mode: 'blocked', health_timeout: '60s' }));
    const deploying = await api.waitForRun(two.sha);
    const phases = async () => {
      const { body } = await api.request<Deployments>('GET', '/api/v1/deployments?app=faults-shop');
      return body.items.find(({ run_id }) => run_id === deploying.id)?.phases.map(({ name }) => name) ?? [];
    };
    await api.waitFor(phases, (names) => names.includes('gate'));
    const testing = await repository.push(oneJobFiles([WAIT_FOR_UNBLOCK]), { ref: 'feature' });
    const job = await waitForScript(testing.sha);
    const before = installation.pids('redis');
    await installation.killEverything();
    expect((await fetchApp(apps_port, HOST)).text).toBe('hello one 7');

    await installation.start();
    expect(installation.pids('redis')).toEqual(before);
    await api.waitFor(
      () => api.getJob(job.id),
      ({ status, attempt }) => status === 'running' && attempt === 2,
      LOST_WORKER_TIMEOUT,
    );
    expect(await unblockUntilEnded(job.run_id)).toMatchObject({ status: 'succeeded', jobs: [{ attempt: 2 }] });
    expect(watch.maxConcurrent(job.id)).toBe(1);

    const ended = await unblockUntilEnded(deploying.id);
    expect(ended.jobs.at(-1), JSON.stringify(ended)).toMatchObject({ key: 'deploy', status: 'succeeded', attempt: 2 });
    expect((await fetchApp(apps_port, HOST)).text).toBe('hello two 7');
    await expect
      .poll(() => installation.dockerObjects(), { timeout: 15_000 })
      .toEqual({
        apps: ['faults-shop production'],
        jobs: [],
        strays: [],
      });
  },
  3 * LOST_WORKER_TIMEOUT,
);

test('A job that plants symbolic links cannot read files of the host', async () => {
  const host_files = await mkdtemp(join(tmpdir(), 'gantry-host-files-'));
  onTestFinished(() => rm(host_files, { recursive: true }));
  await writeFile(join(host_files, 'key'), 'the secret of the host=value');
  await writeFile(join(host_files, 'Dockerfile'), 'FROM busybox:latest\nRUN echo the secret of the host\n');
  const ended = await repository.run({
    '.github/workflows/ci.yml': linkPlantingWorkflow(host_files),
    'folder/link': { link: join(host_files, 'key') },
  });
  const [job] = ended.jobs;
  const log = await installation.api.getLog(job?.id ?? '');
  const outcomes = job?.steps.map(({ name, status }) => `${name}: ${status}`);
  expect(outcomes, log).toEqual([
    'actions/checkout@v4: succeeded',
    'plant: succeeded',
    'recipe: failed',
    'context: failed',
    'around: failed',
    'inside: succeeded',
    'show: succeeded',
  ]);
  expect(log).not.toContain('the secret of the host');
  expect(JSON.stringify(ended)).not.toContain('the secret of the host');
  expect(await readdir(host_files)).toEqual(['Dockerfile', 'key']);
});

interface Deployments {
  items: { run_id: string; phases: { name: string }[] }[];
}

/** Unblocks all containers repeatedly until the run has ended. */
function unblockUntilEnded(id: string, meanwhile: () => Promise<unknown> = async () => undefined): Promise<Run> {
  const poll = async () => {
    await unblockAll(installation.id);
    await meanwhile();
    return installation.api.getRun(id);
  };
  return installation.api.waitFor(poll, ({ finished_at }) => finished_at !== null, LOST_WORKER_TIMEOUT);
}

/** Waits until the only job of a commit runs its script. */
async function waitForScript(sha: string): Promise<Job> {
  const { api } = installation;
  const { id } = await api.waitForRun(sha);
  const job = async () => (await api.getRun(id)).jobs[0];
  const found = await api.waitFor(
    job,
    (it) => it?.steps.some((step) => step.number === 2 && step.status === 'running') === true,
  );
  if (found === undefined) throw new Error('no job');
  return found;
}

const linkPlantingWorkflow = (host_files: string) => `name: CI
on: push
jobs:
  test:
    runs-on: ubuntu-latest
    container: busybox:latest
    outputs: { got: '\${{ steps.plant.outputs.got }}' }
    steps:
      - { uses: actions/checkout@v4, name: actions/checkout@v4 }
      - name: plant
        id: plant
        run: |
          ln -s ${host_files} out
          ln -sf ${host_files}/Dockerfile Dockerfile
          ln -s ${host_files}/key got
          printf 'FROM busybox:latest\\nCOPY . /all\\nRUN cat /all/got /all/folder/link /all/out/key; true\\n' > Recipe
          for file in $GITHUB_OUTPUT $GITHUB_ENV $GITHUB_PATH; do
            ln -sf ${host_files}/key $file 2>/dev/null && exit 1
            rm -f $file 2>/dev/null && exit 1
          done
          true
      - { name: recipe, uses: gantry/build@v1, continue-on-error: true }
      - { name: context, uses: gantry/build@v1, with: { context: out }, continue-on-error: true }
      - { name: around, uses: gantry/build@v1, with: { file: out/Dockerfile }, continue-on-error: true }
      - { name: inside, uses: gantry/build@v1, with: { file: Recipe } }
      - name: show
        run: cat got folder/link out/key || true
`;
