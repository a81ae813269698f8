import { afterAll, beforeAll, expect, test } from 'vitest';
import { listProcesses } from '../leaks/process.ts';
import { GITHUB_POLL, type Job, RUN_TIMEOUT, type Run } from './api-client.ts';
import { fetchApp, startAppClients } from './app-clients.ts';
import { type Installation, startInstallation } from './installation.ts';
import { addRepository, type Repository } from './repository.ts';
import { oneJobFiles, shopFiles } from './shop-files.ts';

const HOST = 'cancellation.example.com';
const APP = { app: 'cancellation-shop', host: HOST };
/** "Within seconds", on a busy machine: from the request to the run's end. */
const SECONDS = 10_000;
/** Long enough to be told from any other on this machine. */
const ENDLESS = `sleep ${process.pid}${Date.now() % 1000}`;

let installation: Installation;
let repository: Repository;

beforeAll(async () => {
  installation = await startInstallation();
  repository = await addRepository(installation, 'acme/cancellation-shop');
  await repository.setSecret('PASSWORD', 'hunter2');
  expect(await repository.run(shopFiles({ ...APP, release: 'one' }))).toMatchObject({ status: 'succeeded' });
}, 2 * RUN_TIMEOUT);

afterAll(async () => {
  await installation.end();
}, 2 * RUN_TIMEOUT);

/** The job of this key, once its log holds `text`. */
async function logged(sha: string, key: string, text: string): Promise<Job> {
  const { api } = installation;
  const { id } = await api.runOf(sha);
  const find = async () => (await api.run(id)).jobs.find((job) => job.key === key);
  const job = await api.until(find, (found) => found?.status === 'running');
  if (job === undefined) throw new Error(`no job ${key}`);
  await api.until(
    () => api.log(job.id),
    (log) => log.includes(text),
  );
  return job;
}

async function cancel(run: string): Promise<Run> {
  const { status } = await installation.api.call('POST', `/api/v1/runs/${run}/cancellation`);
  expect(status).toBe(202);
  const ended = await installation.api.runEnded(run, SECONDS);
  const { jobs, apps } = await installation.dockerObjects();
  expect({ status: ended.status, jobs, apps }).toEqual({
    status: 'cancelled',
    jobs: [],
    apps: ['cancellation-shop production'],
  });
  return ended;
}

test('A test that is cancelled ends within seconds, also one that does not want to, and GitHub is told', async () => {
  const { sha } = await repository.push(
    oneJobFiles(["trap 'echo not now' TERM", 'echo begun', `while :; do ${ENDLESS} || true; done`]),
  );
  const job = await logged(sha, 'test', 'begun\n');
  const run = await cancel(job.run_id);
  expect(run.jobs[0]).toMatchObject({ status: 'cancelled', reason: 'cancelled through the API' });
  expect(listProcesses(ENDLESS)).toEqual([]);
  await expect.poll(() => repository.statusStates(sha), GITHUB_POLL).toEqual({ 'CI / test': 'error' });
  expect(await installation.api.call('POST', `/api/v1/runs/${run.id}/cancellation`)).toMatchObject({ status: 202 });
  expect(await installation.api.run(run.id)).toEqual(run);
});

test('A build that is cancelled ends on the Docker Engine too, and what needed it never starts', async () => {
  const files = shopFiles({ ...APP, release: 'never' });
  const { sha } = await repository.push({ ...files, Dockerfile: `FROM busybox:latest\nRUN echo begun; ${ENDLESS}\n` });
  const job = await logged(sha, 'build', 'begun');
  const run = await cancel(job.run_id);
  expect(run.jobs.map(({ key, status }) => [key, status])).toEqual([
    ['test', 'succeeded'],
    ['build', 'cancelled'],
    ['deploy', 'cancelled'],
  ]);
  await expect.poll(() => listProcesses(ENDLESS), { timeout: SECONDS }).toEqual([]);
  await expect
    .poll(() => repository.statusStates(sha), GITHUB_POLL)
    .toMatchObject({ 'CI / test': 'success', 'CI / build': 'error' });
});

test('A deployment that is cancelled in its gate leaves the live app untouched', async () => {
  const { api, apps_port } = installation;
  const clients = startAppClients(apps_port, HOST, 2);
  const { sha } = await repository.push(shopFiles({ ...APP, release: 'sick', mode: 'sick', health_timeout: '120s' }));
  const { id } = await api.runOf(sha);
  type Shown = { items: { id: string; run_id: string; status: string; phases: { name: string }[] }[] };
  const look = async () => (await api.call<Shown>('GET', '/api/v1/deployments?app=cancellation-shop')).body.items;
  const isGated = (items: Shown['items']) =>
    items[0]?.run_id === id && items[0].phases.some(({ name }) => name === 'gate');
  const [deployment] = await api.until(look, isGated);
  expect(deployment?.status).toBe('starting');

  await cancel(id);
  const { answers, failures } = await clients.end();
  expect({ answers: [...answers.keys()], failures }).toEqual({ answers: ['hello one 7'], failures: [] });
  expect((await fetchApp(apps_port, HOST)).text).toBe('hello one 7');
  expect((await look())[0]).toMatchObject({ id: deployment?.id, status: 'cancelled' });
  await expect.poll(() => repository.statusStates(sha), GITHUB_POLL).toMatchObject({ 'CI / deploy': 'error' });
});

test('A task lives the same life: secrets reach it, and neither its log nor the API gives them away', async () => {
  const { api } = installation;
  const task = {
    image: 'busybox:latest',
    run: 'echo "$GREETING $KEY" | tee /dev/stderr; printf "%s" "$KEY" | rev; exit 4',
    env: { GREETING: 'hi' },
    secrets: { KEY: 'correct horse battery' },
  };
  const { status, headers, body } = await api.call<Job>('POST', '/api/v1/jobs', task);
  expect(status).toBe(202);
  expect(headers.get('location')).toBe(`/api/v1/jobs/${body.id}`);
  const job = await api.jobEnded(body.id);
  expect(job).toMatchObject({ kind: 'task', status: 'failed', exit_code: 4, attempt: 1 });
  const log = await api.log(job.id);
  expect(log).toContain('hi ***\n');
  expect(log).toContain('yrettab esroh tcerroc');
  const told = JSON.stringify([body, job, await api.run(job.run_id), log]);
  expect(told).not.toContain('correct horse');
});

test('A task may be an argv of its image’s own, is limited in time, and is cancelled as a run is', async () => {
  const { api } = installation;
  const submit = async (task: object) =>
    (await api.call<Job>('POST', '/api/v1/jobs', { image: 'busybox:latest', ...task })).body;
  const fine = await submit({ command: ['sh', '-c', 'echo from argv'] });
  expect(await api.jobEnded(fine.id)).toMatchObject({ status: 'succeeded', exit_code: 0 });
  expect(await api.log(fine.id)).toContain('from argv\n');
  const late = await submit({ run: 'sleep 600', timeout_minutes: 0.02 });
  expect(await api.jobEnded(late.id)).toMatchObject({ status: 'timed_out', reason: expect.stringMatching(/minutes/) });
  const endless = await submit({ command: ['sleep', '600'] });
  const running = await api.until(
    () => api.job(endless.id),
    (job) => job.steps.some((step) => step.status === 'running'),
  );
  expect((await cancel(running.run_id)).jobs[0]?.status).toBe('cancelled');
});
