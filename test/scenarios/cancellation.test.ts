import { afterAll, beforeAll, expect, test } from 'vitest';
import { listProcesses } from '../leaks/process.ts';
import { GITHUB_POLL, type Job, RUN_TIMEOUT, type Run } from './api-client.ts';
import { fetchApp, startAppClients } from './app-clients.ts';
import { type Installation, startInstallation } from './installation.ts';
import { addRepository, type Repository } from './repository.ts';
import { oneJobFiles, shopFiles } from './shop-files.ts';

const HOST = 'cancellation.example.com';
const APP = { app: 'cancellation-shop', host: HOST };
/** Milliseconds from the cancellation request to the end of the run, on a busy machine. */
const CANCEL_TIMEOUT = 10_000;
/** A long-running command that is unique on this machine. */
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

/** Waits until the log of the job with this key contains `text`. */
async function waitForLog(sha: string, key: string, text: string): Promise<Job> {
  const { api } = installation;
  const { id } = await api.waitForRun(sha);
  const find = async () => (await api.getRun(id)).jobs.find((job) => job.key === key);
  const job = await api.waitFor(find, (found) => found?.status === 'running');
  if (job === undefined) throw new Error(`no job ${key}`);
  await api.waitFor(
    () => api.getLog(job.id),
    (log) => log.includes(text),
  );
  return job;
}

async function cancel(run: string): Promise<Run> {
  const { status } = await installation.api.request('POST', `/api/v1/runs/${run}/cancellation`);
  expect(status).toBe(202);
  const ended = await installation.api.waitForRunEnd(run, CANCEL_TIMEOUT);
  const { jobs, apps } = await installation.dockerObjects();
  expect({ status: ended.status, jobs, apps }).toEqual({
    status: 'cancelled',
    jobs: [],
    apps: ['cancellation-shop production'],
  });
  return ended;
}

test('A cancelled job ends within seconds, even if it ignores SIGTERM, and GitHub gets its status', async () => {
  const { sha } = await repository.push(
    oneJobFiles(["trap 'echo not now' TERM", 'echo begun', `while :; do ${ENDLESS} || true; done`]),
  );
  const job = await waitForLog(sha, 'test', 'begun\n');
  const run = await cancel(job.run_id);
  expect(run.jobs[0]).toMatchObject({ status: 'cancelled', reason: 'cancelled through the API' });
  expect(listProcesses(ENDLESS)).toEqual([]);
  await expect.poll(() => repository.statusStates(sha), GITHUB_POLL).toEqual({ 'CI / test': 'error' });
  expect(await installation.api.request('POST', `/api/v1/runs/${run.id}/cancellation`)).toMatchObject({ status: 202 });
  expect(await installation.api.getRun(run.id)).toEqual(run);
});

test('A cancelled build also ends on the Docker Engine, and jobs that need it never start', async () => {
  const files = shopFiles({ ...APP, release: 'never' });
  const { sha } = await repository.push({ ...files, Dockerfile: `FROM busybox:latest\nRUN echo begun; ${ENDLESS}\n` });
  const job = await waitForLog(sha, 'build', 'begun');
  const run = await cancel(job.run_id);
  expect(run.jobs.map(({ key, status }) => [key, status])).toEqual([
    ['test', 'succeeded'],
    ['build', 'cancelled'],
    ['deploy', 'cancelled'],
  ]);
  await expect.poll(() => listProcesses(ENDLESS), { timeout: CANCEL_TIMEOUT }).toEqual([]);
  await expect
    .poll(() => repository.statusStates(sha), GITHUB_POLL)
    .toMatchObject({ 'CI / test': 'success', 'CI / build': 'error' });
});

test('A deployment that is cancelled during its health gate leaves the live app untouched', async () => {
  const { api, apps_port } = installation;
  const clients = startAppClients(apps_port, HOST, 2);
  const { sha } = await repository.push(
    shopFiles({ ...APP, release: 'bad', mode: 'unhealthy', health_timeout: '120s' }),
  );
  const { id } = await api.waitForRun(sha);
  type Shown = { items: { id: string; run_id: string; status: string; phases: { name: string }[] }[] };
  const listDeployments = async () =>
    (await api.request<Shown>('GET', '/api/v1/deployments?app=cancellation-shop')).body.items;
  const isGated = (items: Shown['items']) =>
    items[0]?.run_id === id && items[0].phases.some(({ name }) => name === 'gate');
  const [deployment] = await api.waitFor(listDeployments, isGated);
  expect(deployment?.status).toBe('starting');

  await cancel(id);
  const { bodies, failures } = await clients.stop();
  expect({ bodies: [...bodies.keys()], failures }).toEqual({ bodies: ['hello one 7'], failures: [] });
  expect((await fetchApp(apps_port, HOST)).text).toBe('hello one 7');
  expect((await listDeployments())[0]).toMatchObject({ id: deployment?.id, status: 'cancelled' });
  await expect.poll(() => repository.statusStates(sha), GITHUB_POLL).toMatchObject({ 'CI / deploy': 'error' });
});

test('A task gets its secrets, and neither its log nor the API reveals them', async () => {
  const { api } = installation;
  const task = {
    image: 'busybox:latest',
    run: 'echo "$GREETING $KEY" | tee /dev/stderr; printf "%s" "$KEY" | rev; exit 4',
    env: { GREETING: 'hi' },
    secrets: { KEY: 'correct horse battery' },
  };
  const { status, headers, body } = await api.request<Job>('POST', '/api/v1/jobs', task);
  expect(status).toBe(202);
  expect(headers.get('location')).toBe(`/api/v1/jobs/${body.id}`);
  const job = await api.waitForJobEnd(body.id);
  expect(job).toMatchObject({ kind: 'task', status: 'failed', exit_code: 4, attempt: 1 });
  const log = await api.getLog(job.id);
  expect(log).toContain('hi ***\n');
  expect(log).toContain('yrettab esroh tcerroc');
  const responses = JSON.stringify([body, job, await api.getRun(job.run_id), log]);
  expect(responses).not.toContain('correct horse');
});

test('A task can be a command, can time out, and can be cancelled', async () => {
  const { api } = installation;
  const submit = async (task: object) =>
    (await api.request<Job>('POST', '/api/v1/jobs', { image: 'busybox:latest', ...task })).body;
  const command = await submit({ command: ['sh', '-c', 'echo from argv'] });
  expect(await api.waitForJobEnd(command.id)).toMatchObject({ status: 'succeeded', exit_code: 0 });
  expect(await api.getLog(command.id)).toContain('from argv\n');
  const slow = await submit({ run: 'sleep 600', timeout_minutes: 0.02 });
  expect(await api.waitForJobEnd(slow.id)).toMatchObject({
    status: 'timed_out',
    reason: expect.stringMatching(/ran longer than/),
  });
  const endless = await submit({ command: ['sleep', '600'] });
  const running = await api.waitFor(
    () => api.getJob(endless.id),
    (job) => job.steps.some((step) => step.status === 'running'),
  );
  expect((await cancel(running.run_id)).jobs[0]?.status).toBe('cancelled');
});
