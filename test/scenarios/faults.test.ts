import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
/** Silence is noticed after 12 s, and the next attempt comes a moment later. */
const LOST = RUN_TIMEOUT + 30_000;

let installation: Installation;
let repository: Repository;
/** Clients of the live app through all that follows. */
let clients: AppClients;

beforeAll(async () => {
  installation = await startInstallation();
  repository = await addRepository(installation, 'acme/faults-shop');
  await repository.setSecret('PASSWORD', 'hunter2');
  expect(await repository.run(shopFiles({ ...APP, release: 'one' }))).toMatchObject({ status: 'succeeded' });
  clients = startAppClients(installation.apps_port, HOST, 1);
}, 2 * RUN_TIMEOUT);

afterAll(async () => {
  const { answers, failures } = await clients.end();
  await installation.end();
  expect({ answers: [...answers.keys()], failures }).toEqual({ answers: ['hello one 7', 'hello two 7'], failures: [] });
}, 2 * RUN_TIMEOUT);

const redis = (...command: string[]) =>
  run('redis-cli', ['-s', join(installation.data_dir, 'redis/redis.sock'), ...command]);

test(
  'Workers that are killed in mid-job are noticed, and the next attempt runs alone',
  async () => {
    const { api } = installation;
    await using watch = await watchContainers(installation.id);
    const { sha } = await repository.push(oneJobFiles(['echo attempt $GITHUB_RUN_ATTEMPT', WAIT_FOR_UNBLOCK]));
    const job = await runningJob(sha);
    const workers = installation.pids('worker');
    expect(workers).toHaveLength(2);
    for (const pid of workers) process.kill(pid, 'SIGKILL');

    await api.until(
      () => api.job(job.id),
      ({ status, attempt }) => status === 'running' && attempt === 2,
      LOST,
    );
    const ended = await unblockUntilEnded(job.run_id);
    expect(ended).toMatchObject({ status: 'succeeded', jobs: [{ attempt: 2, status: 'succeeded' }] });
    expect(watch.maxConcurrent(job.id)).toBe(1);
    expect(installation.pids('worker').filter((pid) => workers.includes(pid))).toEqual([]);
  },
  2 * LOST,
);

test('A server that is killed in mid-run comes back, and the run goes on as if nothing had happened', async () => {
  const { api } = installation;
  const { sha } = await repository.push(oneJobFiles(['echo before', WAIT_FOR_UNBLOCK, 'echo after']));
  const job = await runningJob(sha);
  const [server = 0] = installation.pids('server');
  process.kill(server, 'SIGKILL');
  const ended = await unblockUntilEnded(job.run_id);
  expect(ended).toMatchObject({ status: 'succeeded', jobs: [{ attempt: 1, status: 'succeeded' }] });
  expect(await api.log(job.id)).toMatch(/before\n[^]*after\n/);
  expect(installation.pids('server')).toEqual([expect.not.toSatisfy((pid) => pid === server)]);
});

test('A Redis that is emptied at every turn of a run loses nothing', async () => {
  const { api } = installation;
  const { sha } = await repository.push(oneJobFiles(['echo before', WAIT_FOR_UNBLOCK, 'echo after']));
  await redis('FLUSHALL');
  const job = await runningJob(sha);
  await redis('FLUSHALL');
  const ended = await unblockUntilEnded(job.run_id, () => redis('FLUSHALL'));
  expect(ended).toMatchObject({ status: 'succeeded', jobs: [{ attempt: 1, status: 'succeeded' }] });
  expect(await api.log(job.id)).toMatch(/before\n[^]*after\n/);
});

test(
  'After everything at once was killed, in mid-job and in a deployment’s gate, both go on to their end',
  async () => {
    const { api, apps_port } = installation;
    await using watch = await watchContainers(installation.id);
    const two = await repository.push(shopFiles({ ...APP, release: 'two', mode: 'held', health_timeout: '60s' }));
    const deploying = await api.runOf(two.sha);
    const phases = async () => {
      const { body } = await api.call<Deployments>('GET', '/api/v1/deployments?app=faults-shop');
      return body.items.find(({ run_id }) => run_id === deploying.id)?.phases.map(({ name }) => name) ?? [];
    };
    await api.until(phases, (names) => names.includes('gate'));
    const testing = await repository.push(oneJobFiles([WAIT_FOR_UNBLOCK]), { ref: 'feature' });
    const job = await runningJob(testing.sha);
    const before = installation.pids('redis');
    await installation.killEverything();
    expect((await fetchApp(apps_port, HOST)).text).toBe('hello one 7');

    await installation.start();
    expect(installation.pids('redis')).toEqual(before);
    await api.until(
      () => api.job(job.id),
      ({ status, attempt }) => status === 'running' && attempt === 2,
      LOST,
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
  3 * LOST,
);

test('A job that plants links where the host will go reads nothing of the host', async () => {
  const treasure = await mkdtemp(join(tmpdir(), 'gantry-treasure-'));
  onTestFinished(() => rm(treasure, { recursive: true }));
  await writeFile(join(treasure, 'key'), 'the host’s own=value');
  await writeFile(join(treasure, 'Dockerfile'), 'FROM busybox:latest\nRUN echo the host’s own\n');
  const ended = await repository.run({
    '.github/workflows/ci.yml': planting(treasure),
    'folder/link': { link: join(treasure, 'key') },
  });
  const [job] = ended.jobs;
  const log = await installation.api.log(job?.id ?? '');
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
  expect(log).not.toContain('the host’s own');
  expect(JSON.stringify(ended)).not.toContain('the host’s own');
  expect(await readdir(treasure)).toEqual(['Dockerfile', 'key']);
});

interface Deployments {
  items: { run_id: string; phases: { name: string }[] }[];
}

/** Lets what is held go on, now and whenever more comes, until the run has ended. */
function unblockUntilEnded(id: string, meanwhile: () => Promise<unknown> = async () => undefined): Promise<Run> {
  const look = async () => {
    await unblockAll(installation.id);
    await meanwhile();
    return installation.api.run(id);
  };
  return installation.api.until(look, ({ finished_at }) => finished_at !== null, LOST);
}

/** The only job of a commit, once it is at its script. */
async function runningJob(sha: string): Promise<Job> {
  const { api } = installation;
  const { id } = await api.runOf(sha);
  const job = async () => (await api.run(id)).jobs[0];
  const found = await api.until(
    job,
    (it) => it?.steps.some((step) => step.number === 2 && step.status === 'running') === true,
  );
  if (found === undefined) throw new Error('no job');
  return found;
}

const planting = (treasure: string) => `name: CI
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
          ln -s ${treasure} out
          ln -sf ${treasure}/Dockerfile Dockerfile
          ln -s ${treasure}/key got
          printf 'FROM busybox:latest\\nCOPY . /all\\nRUN cat /all/got /all/folder/link /all/out/key; true\\n' > Recipe
          for file in $GITHUB_OUTPUT $GITHUB_ENV $GITHUB_PATH; do
            ln -sf ${treasure}/key $file 2>/dev/null && exit 1
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
