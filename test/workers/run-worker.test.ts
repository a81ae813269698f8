import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { Finished } from '../../src/jobs/protocol/event.ts';
import type { JobGrant } from '../../src/jobs/protocol/grant.ts';
import type { Lane } from '../../src/jobs/run/plan.ts';
import { jobOf, newId } from '../engine/harness.ts';
import { kill, openWorkerHarness, type WorkerHarness } from './worker-harness.ts';

let harness: WorkerHarness;
afterEach(() => harness.end());

/** Grants a task in busybox to the first worker that claims the attempt. */
function grant(script: string): string {
  const attempt = newId('att');
  const task: JobGrant = jobOf([], {
    command: ['sh', '-c', script],
    spec: { runs_on: ['busybox'], kind: 'task' },
  });
  harness.control.grants.set(attempt, task);
  return attempt;
}

/** Offers the attempt every half second, as control's sweep does, until a worker claims it. */
async function offer(attempt: string, lane: Lane = 'test'): Promise<void> {
  await vi.waitFor(
    async () => {
      await harness.offers.offer(lane, attempt);
      expect(harness.control.claims.map((claim) => claim.attempt)).toContain(attempt);
    },
    { timeout: 20_000, interval: 500 },
  );
}

function finishedEvent(attempt: string): Finished | undefined {
  const last = harness.control.of(attempt).at(-1);
  return last?.type === 'finished' ? Finished.parse(last.data) : undefined;
}

const verdict = (attempt: string) => finishedEvent(attempt)?.verdict;

async function finished(attempt: string): Promise<Finished['verdict']> {
  return vi.waitFor(() => verdict(attempt) ?? Promise.reject(new Error('not finished')), { timeout: 40_000 });
}

async function logged(attempt: string, text: string): Promise<void> {
  await vi.waitFor(async () => expect((await harness.logs.read(attempt, 0)).toString()).toContain(text), 40_000);
}

const lastHeartbeat = () => harness.control.heartbeats.at(-1);

test('An offered attempt is claimed, runs in a container with a log and ends in a verdict; then its slot is free', async () => {
  harness = await openWorkerHarness();
  await harness.startWorker();
  const attempt = grant('echo hello; exit 3');
  await offer(attempt);
  expect(await finished(attempt)).toMatchObject({ status: 'failed', exit_code: 3 });
  const log = await harness.logs.read(attempt, 0);
  expect(log.toString()).toMatch(/^\d+ 1 stdout hello$/m);
  expect(finishedEvent(attempt)?.log_size).toBe(await harness.logs.size(attempt));
  await vi.waitFor(() => expect(lastHeartbeat()).toMatchObject({ held: [], free: { work: 2, deploy: 1 } }));
  expect(await harness.containers('gantry.attempt')).toEqual([]);
  expect(await readdir(join(harness.dir, 'work', 'jobs'))).toEqual([]);
});

test('A worker holds no more attempts than it has slots, and its heartbeat lists them', async () => {
  harness = await openWorkerHarness();
  await harness.startWorker();
  const attempts = ['1', '2', '3', '4'].map((name) => grant(`echo ${name}; sleep 60`));
  await Promise.all(attempts.map((attempt, i) => harness.offers.offer(i % 2 ? 'build' : 'test', attempt)));
  await vi.waitFor(() => expect(lastHeartbeat()).toMatchObject({ free: { work: 0, deploy: 1, plan: 2, notify: 2 } }));
  expect(lastHeartbeat()?.held).toHaveLength(2);
  const deploying = grant('echo deploys');
  await offer(deploying, 'deploy');
  expect(await finished(deploying)).toMatchObject({ status: 'succeeded' });
  expect(harness.control.claims).toHaveLength(3);
  for (const { attempt, worker } of harness.control.claims)
    await harness.control.bus.send(worker, { kind: 'stop', attempt, request: { kind: 'force', reason: 'enough' } });
});

test('A stop request removes the container, and its reason becomes the reason of the verdict', async () => {
  harness = await openWorkerHarness();
  await harness.startWorker();
  const attempt = grant('echo begun; sleep 600');
  await offer(attempt);
  await logged(attempt, 'begun');
  const [claim] = harness.control.claims;
  const request = { kind: 'cancel', reason: 'cancelled by Ada' } as const;
  await harness.control.bus.send(claim?.worker ?? '', { kind: 'stop', attempt, request });
  expect(await finished(attempt)).toEqual({ status: 'cancelled', reason: 'cancelled by Ada', exit_code: null });
  expect(await harness.containers('gantry.attempt')).toEqual([]);
});

test('FLUSHALL and a Redis outage during a job do not change its verdict', async () => {
  harness = await openWorkerHarness();
  await harness.startWorker();
  const attempt = grant('echo begun; sleep 4; echo done');
  await offer(attempt);
  await logged(attempt, 'begun');
  await harness.redis.flush();
  await harness.redis.stop();
  await logged(attempt, 'done');
  await harness.redis.start();
  expect(await finished(attempt)).toMatchObject({ status: 'succeeded' });
  expect(harness.control.of(attempt).map(({ seq }) => seq)).toEqual(harness.control.of(attempt).map((_, i) => i + 1));
  const next = grant('echo next');
  await offer(next);
  expect(await finished(next)).toMatchObject({ status: 'succeeded' });
}, 90_000);

test('A draining worker takes no new attempts and finishes the running ones', async () => {
  harness = await openWorkerHarness();
  const shutDown = await harness.startWorker();
  const attempt = grant('echo begun; sleep 2; echo done');
  await offer(attempt);
  await logged(attempt, 'begun');
  const shuttingDown = shutDown();
  await vi.waitFor(() => expect(lastHeartbeat()).toMatchObject({ stopping: true }));
  await shuttingDown;
  expect(verdict(attempt)).toMatchObject({ status: 'succeeded' });
  expect(await readdir(join(harness.dir, 'work', 'spools'))).toEqual([]);
});

test('An attempt that does not end within the shutdown timeout is stopped, and its verdict says why', async () => {
  harness = await openWorkerHarness({ GANTRY_SHUTDOWN_TIMEOUT: '1' });
  const shutDown = await harness.startWorker();
  const attempt = grant('echo begun; sleep 600');
  await offer(attempt);
  await logged(attempt, 'begun');
  await shutDown();
  expect(verdict(attempt)).toMatchObject({ status: 'errored', reason: 'the worker is shutting down' });
  expect(await harness.containers('gantry.attempt')).toEqual([]);
});

test('The next worker removes the containers and folders of a killed worker', async () => {
  harness = await openWorkerHarness();
  const killed = await harness.spawnWorker();
  const attempt = grant('echo begun; sleep 600');
  await offer(attempt);
  await logged(attempt, 'begun');
  await kill(killed);
  expect(await harness.containers('gantry.attempt')).toHaveLength(1);
  await harness.startWorker();
  await vi.waitFor(async () => expect(await harness.containers('gantry.attempt')).toEqual([]), 20_000);
  await vi.waitFor(async () => expect(await readdir(join(harness.dir, 'work', 'jobs'))).toEqual([]));
});

test('A new worker does not touch the jobs of other living workers', async () => {
  harness = await openWorkerHarness();
  await harness.spawnWorker();
  const attempt = grant('echo begun; sleep 5; echo done');
  await offer(attempt);
  await logged(attempt, 'begun');
  await harness.startWorker();
  expect(await finished(attempt)).toMatchObject({ status: 'succeeded' });
});

test('A grant that cannot be parsed ends the attempt as errored', async () => {
  harness = await openWorkerHarness();
  await harness.startWorker();
  harness.control.grants.set('att_odd', { subject: 'dance' });
  await offer('att_odd');
  expect(await finished('att_odd')).toMatchObject({ status: 'errored' });
});

test('Several workers start one proxy, and their heartbeats name its container', async () => {
  harness = await openWorkerHarness();
  await Promise.all([harness.startWorker(), harness.startWorker()]);
  const [id] = await vi.waitFor(async () => {
    const named = new Set(harness.control.heartbeats.map(({ proxy }) => proxy).filter((proxy) => proxy !== null));
    expect(
      new Set(harness.control.heartbeats.filter(({ proxy }) => proxy !== null).map(({ worker }) => worker)).size,
    ).toBe(2);
    return [...named];
  }, 40_000);
  const proxies = await harness.engine.listContainers({
    filters: { label: [`gantry.installation=${harness.installation}`, 'gantry.proxy'] },
  });
  expect(proxies.map(({ Id }) => Id)).toEqual([id]);
});
