import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { Finished } from '../../src/jobs/protocol/event.ts';
import type { JobGrant } from '../../src/jobs/protocol/grant.ts';
import type { Lane } from '../../src/jobs/run/plan.ts';
import { jobOf, newId } from '../engine/harness.ts';
import { type Crew, kill, openCrew } from './worker-harness.ts';

let crew: Crew;
afterEach(() => crew.end());

/** A task in busybox, granted to whoever claims the attempt. */
function grant(script: string): string {
  const attempt = newId('att');
  const task: JobGrant = jobOf([], {
    command: ['sh', '-c', script],
    spec: { runs_on: ['busybox'], kind: 'task' },
  });
  crew.clerk.grants.set(attempt, task);
  return attempt;
}

/** Offered again each half a second, as control's sweep does, until somebody claims it. */
async function offer(attempt: string, lane: Lane = 'test'): Promise<void> {
  await vi.waitFor(
    async () => {
      await crew.offers.offer(lane, attempt);
      expect(crew.clerk.claims.map((claim) => claim.attempt)).toContain(attempt);
    },
    { timeout: 20_000, interval: 500 },
  );
}

function lastWord(attempt: string): Finished | undefined {
  const last = crew.clerk.of(attempt).at(-1);
  return last?.type === 'finished' ? Finished.parse(last.data) : undefined;
}

const verdict = (attempt: string) => lastWord(attempt)?.verdict;

async function finished(attempt: string): Promise<Finished['verdict']> {
  return vi.waitFor(() => verdict(attempt) ?? Promise.reject(new Error('not finished')), { timeout: 40_000 });
}

async function said(attempt: string, text: string): Promise<void> {
  await vi.waitFor(async () => expect((await crew.logs.read(attempt, 0)).toString()).toContain(text), 40_000);
}

const lastHeartbeat = () => crew.clerk.heartbeats.at(-1);

test('an offer becomes a claim, a container, a log, and a verdict; and the slot is free again', async () => {
  crew = await openCrew();
  await crew.work();
  const attempt = grant('echo hello; exit 3');
  await offer(attempt);
  expect(await finished(attempt)).toMatchObject({ status: 'failed', exit_code: 3 });
  const log = await crew.logs.read(attempt, 0);
  expect(log.toString()).toMatch(/^\d+ 1 stdout hello$/m);
  expect(lastWord(attempt)?.log_size).toBe(await crew.logs.size(attempt));
  await vi.waitFor(() => expect(lastHeartbeat()).toMatchObject({ held: [], free: { work: 2, deploy: 1 } }));
  expect(await crew.containers('gantry.attempt')).toEqual([]);
  expect(await readdir(join(crew.dir, 'work', 'jobs'))).toEqual([]);
});

test('a worker holds no more than its slots, and says what it holds', async () => {
  crew = await openCrew();
  await crew.work();
  const attempts = ['1', '2', '3', '4'].map((name) => grant(`echo ${name}; sleep 60`));
  await Promise.all(attempts.map((attempt, i) => crew.offers.offer(i % 2 ? 'build' : 'test', attempt)));
  await vi.waitFor(() => expect(lastHeartbeat()).toMatchObject({ free: { work: 0, deploy: 1, plan: 2, notify: 2 } }));
  expect(lastHeartbeat()?.held).toHaveLength(2);
  const deploying = grant('echo deploys');
  await offer(deploying, 'deploy');
  expect(await finished(deploying)).toMatchObject({ status: 'succeeded' });
  expect(crew.clerk.claims).toHaveLength(3);
  for (const { attempt, worker } of crew.clerk.claims)
    await crew.clerk.bus.send(worker, { kind: 'stop', attempt, request: { kind: 'force', reason: 'enough' } });
});

test('a stop request ends the container, and its reason is the verdict’s', async () => {
  crew = await openCrew();
  await crew.work();
  const attempt = grant('echo begun; sleep 600');
  await offer(attempt);
  await said(attempt, 'begun');
  const [claim] = crew.clerk.claims;
  const request = { kind: 'cancel', reason: 'cancelled by Ada' } as const;
  await crew.clerk.bus.send(claim?.worker ?? '', { kind: 'stop', attempt, request });
  expect(await finished(attempt)).toEqual({ status: 'cancelled', reason: 'cancelled by Ada', exit_code: null });
  expect(await crew.containers('gantry.attempt')).toEqual([]);
});

test('FLUSHALL and an outage in the middle of a job change nothing about its end', async () => {
  crew = await openCrew();
  await crew.work();
  const attempt = grant('echo begun; sleep 4; echo done');
  await offer(attempt);
  await said(attempt, 'begun');
  await crew.redis.flush();
  await crew.redis.stop();
  await said(attempt, 'done');
  await crew.redis.start();
  expect(await finished(attempt)).toMatchObject({ status: 'succeeded' });
  expect(crew.clerk.of(attempt).map(({ seq }) => seq)).toEqual(crew.clerk.of(attempt).map((_, i) => i + 1));
  const next = grant('echo next');
  await offer(next);
  expect(await finished(next)).toMatchObject({ status: 'succeeded' });
}, 90_000);

test('a worker that is told to go takes nothing new and lets what it holds end', async () => {
  crew = await openCrew();
  const leave = await crew.work();
  const attempt = grant('echo begun; sleep 2; echo done');
  await offer(attempt);
  await said(attempt, 'begun');
  const leaving = leave();
  await vi.waitFor(() => expect(lastHeartbeat()).toMatchObject({ stopping: true }));
  await leaving;
  expect(verdict(attempt)).toMatchObject({ status: 'succeeded' });
  expect(await readdir(join(crew.dir, 'work', 'spools'))).toEqual([]);
});

test('what does not end within the shutdown’s time is ended, and says why', async () => {
  crew = await openCrew({ GANTRY_SHUTDOWN_TIMEOUT: '1' });
  const leave = await crew.work();
  const attempt = grant('echo begun; sleep 600');
  await offer(attempt);
  await said(attempt, 'begun');
  await leave();
  expect(verdict(attempt)).toMatchObject({ status: 'errored', reason: 'the worker is shutting down' });
  expect(await crew.containers('gantry.attempt')).toEqual([]);
});

test('what a killed worker left in Docker and on the disk is removed by the next', async () => {
  crew = await openCrew();
  const doomed = await crew.spawnWorker();
  const attempt = grant('echo begun; sleep 600');
  await offer(attempt);
  await said(attempt, 'begun');
  await kill(doomed);
  expect(await crew.containers('gantry.attempt')).toHaveLength(1);
  await crew.work();
  await vi.waitFor(async () => expect(await crew.containers('gantry.attempt')).toEqual([]), 20_000);
  await vi.waitFor(async () => expect(await readdir(join(crew.dir, 'work', 'jobs'))).toEqual([]));
});

test('a living neighbour’s jobs are left alone', async () => {
  crew = await openCrew();
  await crew.spawnWorker();
  const attempt = grant('echo begun; sleep 5; echo done');
  await offer(attempt);
  await said(attempt, 'begun');
  await crew.work();
  expect(await finished(attempt)).toMatchObject({ status: 'succeeded' });
});

test('a grant that cannot be understood ends as an error', async () => {
  crew = await openCrew();
  await crew.work();
  crew.clerk.grants.set('att_odd', { subject: 'dance' });
  await offer('att_odd');
  expect(await finished('att_odd')).toMatchObject({ status: 'errored' });
});

test('workers see to it that there is one proxy, and name its container', async () => {
  crew = await openCrew();
  await Promise.all([crew.work(), crew.work()]);
  const [id] = await vi.waitFor(async () => {
    const named = new Set(crew.clerk.heartbeats.map(({ proxy }) => proxy).filter((proxy) => proxy !== null));
    expect(new Set(crew.clerk.heartbeats.filter(({ proxy }) => proxy !== null).map(({ worker }) => worker)).size).toBe(
      2,
    );
    return [...named];
  }, 40_000);
  const proxies = await crew.engine.listContainers({
    filters: { label: [`gantry.installation=${crew.installation}`, 'gantry.proxy'] },
  });
  expect(proxies.map(({ Id }) => Id)).toEqual([id]);
});
