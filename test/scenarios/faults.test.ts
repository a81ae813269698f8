import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { type JobShown, type RunShown, WITHIN } from './api-client.ts';
import { HELD, openGates } from './held.ts';
import { type Installation, startInstallation } from './installation.ts';
import { addRepository, type Repository } from './repository.ts';
import { oneJob, shop } from './shop.ts';
import { startVisitors, type Visitors, visit } from './visitors.ts';
import { watchContainers } from './watch.ts';

const run = promisify(execFile);
const HOST = 'faults.example.com';
const APP = { app: 'faults-shop', host: HOST };
/** Silence is noticed after 12 s, and the next attempt comes a moment later. */
const LOST = WITHIN + 30_000;

let installation: Installation;
let repository: Repository;
/** Clients of the live app through all that follows. */
let visitors: Visitors;

beforeAll(async () => {
  installation = await startInstallation();
  repository = await addRepository(installation, 'acme/faults-shop');
  await repository.setSecret('PASSWORD', 'hunter2');
  expect(await repository.run(shop({ ...APP, release: 'one' }))).toMatchObject({ status: 'succeeded' });
  visitors = startVisitors(installation.apps_port, HOST, 1);
}, 2 * WITHIN);

afterAll(async () => {
  const { answers, failures } = await visitors.end();
  await installation.end();
  expect({ answers: [...answers.keys()], failures }).toEqual({ answers: ['hello one 7', 'hello two 7'], failures: [] });
}, 2 * WITHIN);

const redis = (...command: string[]) =>
  run('redis-cli', ['-s', join(installation.data_dir, 'redis/redis.sock'), ...command]);

test(
  'Workers that are killed in mid-job are noticed, and the next attempt runs alone',
  async () => {
    const { door } = installation;
    await using watch = await watchContainers(installation.id);
    const { sha } = await repository.push(oneJob(['echo attempt $GITHUB_RUN_ATTEMPT', HELD]));
    const job = await inJob(sha);
    const workers = installation.pids('worker');
    expect(workers).toHaveLength(2);
    for (const pid of workers) process.kill(pid, 'SIGKILL');

    await door.until(
      () => door.job(job.id),
      ({ status, attempt }) => status === 'running' && attempt === 2,
      LOST,
    );
    const ended = await letOn(job.run_id);
    expect(ended).toMatchObject({ status: 'succeeded', jobs: [{ attempt: 2, status: 'succeeded' }] });
    expect(watch.mostAtOnce(job.id)).toBe(1);
    expect(installation.pids('worker').filter((pid) => workers.includes(pid))).toEqual([]);
  },
  2 * LOST,
);

test('A server that is killed in mid-run comes back, and the run goes on as if nothing had happened', async () => {
  const { door } = installation;
  const { sha } = await repository.push(oneJob(['echo before', HELD, 'echo after']));
  const job = await inJob(sha);
  const [server = 0] = installation.pids('server');
  process.kill(server, 'SIGKILL');
  const ended = await letOn(job.run_id);
  expect(ended).toMatchObject({ status: 'succeeded', jobs: [{ attempt: 1, status: 'succeeded' }] });
  expect(await door.log(job.id)).toMatch(/before\n[^]*after\n/);
  expect(installation.pids('server')).toEqual([expect.not.toSatisfy((pid) => pid === server)]);
});

test('A Redis that is emptied at every turn of a run loses nothing', async () => {
  const { door } = installation;
  const { sha } = await repository.push(oneJob(['echo before', HELD, 'echo after']));
  await redis('FLUSHALL');
  const job = await inJob(sha);
  await redis('FLUSHALL');
  const ended = await letOn(job.run_id, () => redis('FLUSHALL'));
  expect(ended).toMatchObject({ status: 'succeeded', jobs: [{ attempt: 1, status: 'succeeded' }] });
  expect(await door.log(job.id)).toMatch(/before\n[^]*after\n/);
});

test(
  'After everything at once was killed, in mid-job and in a deployment’s gate, both go on to their end',
  async () => {
    const { door, apps_port } = installation;
    await using watch = await watchContainers(installation.id);
    const two = await repository.push(shop({ ...APP, release: 'two', mode: 'held', health_timeout: '60s' }));
    const deploying = await door.runOf(two.sha);
    const phases = async () => {
      const { body } = await door.call<Deployments>('GET', '/api/v1/deployments?app=faults-shop');
      return body.items.find(({ run_id }) => run_id === deploying.id)?.phases.map(({ name }) => name) ?? [];
    };
    await door.until(phases, (names) => names.includes('gate'));
    const testing = await repository.push(oneJob([HELD]), { ref: 'feature' });
    const job = await inJob(testing.sha);
    const before = installation.pids('redis');
    await installation.killEverything();
    expect((await visit(apps_port, HOST)).text).toBe('hello one 7');

    await installation.start();
    expect(installation.pids('redis')).toEqual(before);
    await door.until(
      () => door.job(job.id),
      ({ status, attempt }) => status === 'running' && attempt === 2,
      LOST,
    );
    expect(await letOn(job.run_id)).toMatchObject({ status: 'succeeded', jobs: [{ attempt: 2 }] });
    expect(watch.mostAtOnce(job.id)).toBe(1);

    const ended = await letOn(deploying.id);
    expect(ended.jobs.at(-1), JSON.stringify(ended)).toMatchObject({ key: 'deploy', status: 'succeeded', attempt: 2 });
    expect((await visit(apps_port, HOST)).text).toBe('hello two 7');
    await expect
      .poll(() => installation.belongings(), { timeout: 15_000 })
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
  const log = await installation.door.log(job?.id ?? '');
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
function letOn(id: string, meanwhile: () => Promise<unknown> = async () => undefined): Promise<RunShown> {
  const look = async () => {
    await openGates(installation.id);
    await meanwhile();
    return installation.door.run(id);
  };
  return installation.door.until(look, ({ finished_at }) => finished_at !== null, LOST);
}

/** The only job of a commit, once it is at its script. */
async function inJob(sha: string): Promise<JobShown> {
  const { door } = installation;
  const { id } = await door.runOf(sha);
  const job = async () => (await door.run(id)).jobs[0];
  const found = await door.until(
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
