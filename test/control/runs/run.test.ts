import { expect, test, vi } from 'vitest';
import { cancelRun } from '../../../src/control/runs/cancel-run.ts';
import type { Grant } from '../../../src/jobs/protocol/grant.ts';
import { openFakeWorker, type Script } from '../fake-worker.ts';
import { type ControlHarness, openHarness } from '../harness.ts';
import { ended, job, planOf, push, start } from '../plans.ts';

test('A push is planned, its jobs run in the order of their needs, and the run succeeds', async () => {
  const harness = await openHarness();
  const worker = await openFakeWorker(
    harness,
    script(planOf(job('test'), job('build', { needs: ['test'], kind: 'build' }))),
  );
  await push(harness);
  const run = await finishedRun(harness);
  expect(run).toMatchObject({ number: 1, status: 'succeeded', workflow: 'CI', branch: 'main', trigger: 'push' });
  expect(worker.granted.map(subject)).toEqual(['delivery', 'test', 'build']);
});

test('Jobs that need a failed job are skipped, with its name in their reason', async () => {
  const harness = await openHarness();
  await openFakeWorker(harness, script(planOf(job('test'), job('build', { needs: ['test'] })), { test: ['failed'] }));
  const id = await start(harness);
  expect(await finishedRun(harness, id)).toMatchObject({ status: 'failed', reason: 'test: it failed' });
  expect(await jobsOf(harness, id)).toEqual({ test: ['failed', 'it failed'], build: ['skipped', 'test failed'] });
});

test('An errored attempt is retried twice', async () => {
  const harness = await openHarness();
  const worker = await openFakeWorker(
    harness,
    script(planOf(job('test')), { test: ['errored', 'errored', 'errored', 'succeeded'] }),
  );
  const id = await start(harness);
  await vi.waitFor(() => expect(worker.granted.length).toBeGreaterThanOrEqual(2), 5000);
  harness.advance(1500);
  await vi.waitFor(() => expect(worker.granted.length).toBeGreaterThanOrEqual(3), 5000);
  harness.advance(5000);
  expect(await finishedRun(harness, id)).toMatchObject({
    status: 'errored',
    reason: 'test: it errored (attempt 3 of 3)',
  });
  expect(worker.granted.map(subject)).toEqual(['delivery', 'test', 'test', 'test']);
});

test('A step of the wall clock loses no worker', async () => {
  const harness = await openHarness();
  const started = Promise.withResolvers<void>();
  const end = Promise.withResolvers<void>();
  const worker = await openFakeWorker(harness, async (grant) => {
    if (grant.subject === 'delivery') return planOf(job('test'));
    started.resolve();
    await end.promise;
    return ended();
  });
  const id = await start(harness);
  await started.promise;
  for (const seconds of [20, -40, 30]) {
    harness.setClock(seconds * 1000);
    await twoSweeps(harness);
  }
  end.resolve();
  expect(await finishedRun(harness, id)).toMatchObject({ status: 'succeeded' });
  expect(worker.granted.map(subject)).toEqual(['delivery', 'test']);
});

test('A silent worker counts as lost, and another worker retries its job', async () => {
  const harness = await openHarness();
  const started = Promise.withResolvers<void>();
  const silent = await openFakeWorker(harness, async (grant) => {
    if (grant.subject === 'delivery') return planOf(job('test'));
    started.resolve();
    return new Promise(() => undefined);
  });
  const id = await start(harness);
  await started.promise;
  silent.kill();
  const other = await openFakeWorker(harness, script(planOf()));
  harness.advance(13_000);
  expect(await finishedRun(harness, id)).toMatchObject({ status: 'succeeded' });
  expect(other.granted.map(subject)).toEqual(['test']);
});

test('When ending an attempt of a lost worker fails, the next sweep ends it', async () => {
  const harness = await openHarness();
  const started = Promise.withResolvers<void>();
  const silent = await openFakeWorker(harness, async (grant) => {
    if (grant.subject === 'delivery') return planOf(job('test'));
    started.resolve();
    return new Promise(() => undefined);
  });
  const id = await start(harness);
  await started.promise;
  silent.kill();
  const seal = vi.spyOn(harness.deps.logs, 'seal').mockRejectedValueOnce(new Error('disk error'));
  await openFakeWorker(harness, script(planOf()));
  harness.advance(13_000);
  expect(await finishedRun(harness, id)).toMatchObject({ status: 'succeeded' });
  expect(seal).toHaveBeenCalledTimes(2);
});

test('Cancelling a run stops running jobs, cancels waiting jobs and still starts jobs with always()', async () => {
  const harness = await openHarness();
  await openFakeWorker(harness, async (grant, held) => {
    if (grant.subject === 'delivery')
      return planOf(job('test'), job('build', { needs: ['test'] }), job('clean', { needs: ['test'], if: 'always()' }));
    if (subject(grant) === 'clean') return ended();
    await held.stopRequested();
    return ended('cancelled');
  });
  const id = await start(harness);
  await vi.waitFor(async () => expect(await jobsOf(harness, id)).toMatchObject({ test: ['running', null] }), 5000);
  expect(await cancelRun(harness.deps, id, { force: false, reason: 'cancelled by ada' })).toBe(true);
  expect(await finishedRun(harness, id)).toMatchObject({ status: 'cancelled' });
  expect(await jobsOf(harness, id)).toEqual({
    test: ['cancelled', 'cancelled by ada'],
    build: ['cancelled', 'the run was cancelled'],
    clean: ['succeeded', null],
  });
  const before = await revOf(harness, id);
  expect(await cancelRun(harness.deps, id, { force: false, reason: 'cancelled again' })).toBe(true);
  expect(await revOf(harness, id)).toBe(before);
  expect(await cancelRun(harness.deps, 'run_none', { force: false, reason: 'x' })).toBe(false);
});

test('A passed deadline sends the worker a stop request, and the job times out', async () => {
  const harness = await openHarness();
  await openFakeWorker(harness, async (grant, held) => {
    if (grant.subject === 'delivery') return planOf(job('test', { timeout_minutes: 1 }));
    const request = JSON.parse(await held.stopRequested()) as { kind: string; reason: string };
    return ended('timed_out', { verdict: { status: 'timed_out', reason: request.reason, exit_code: null } });
  });
  const id = await start(harness);
  await vi.waitFor(async () => expect(await jobsOf(harness, id)).toMatchObject({ test: ['running', null] }), 5000);
  harness.advance(60_000);
  expect(await finishedRun(harness, id)).toMatchObject({
    status: 'timed_out',
    reason: 'test: it ran longer than 1 min',
  });
});

test('A run survives FLUSHALL and a restart of control', async () => {
  const harness = await openHarness();
  const jobs = Array.from({ length: 12 }, (_, index) =>
    job(`job${index}`, { needs: index === 0 ? [] : [`job${Math.floor((index - 1) / 2)}`] }),
  );
  const worker = await openFakeWorker(harness, async (grant, held) => {
    if (grant.subject === 'delivery') return planOf(...jobs);
    for (let number = 1; number <= 3; number++)
      await held.send({
        type: 'step',
        data: {
          number,
          id: null,
          name: `step ${number}`,
          status: 'succeeded',
          reason: null,
          exit_code: 0,
          started_at: 1,
          finished_at: 2,
        },
      });
    return ended();
  });
  const id = await start(harness);
  const flushing = setInterval(() => void harness.redis.flush().catch(() => undefined), 300);
  await vi.waitFor(async () => expect(worker.granted.length).toBeGreaterThan(4), 10_000);
  await harness.restart();
  const run = await finishedRun(harness, id);
  clearInterval(flushing);
  expect(run.status).toBe('succeeded');
  const rows = await harness.deps.store.read
    .selectFrom('jobs')
    .innerJoin('steps', 'steps.job_id', 'jobs.id')
    .select(({ fn }) => ['jobs.status', 'jobs.attempt', fn.countAll<number>().as('steps')])
    .where('run_id', '=', id)
    .groupBy('jobs.id')
    .execute();
  expect(rows).toEqual(jobs.map(() => ({ status: 'succeeded', attempt: 1, steps: 3 })));
  const attempts = worker.granted.filter((grant) => grant.subject === 'job');
  expect(attempts.length).toBe(12);
});

test('Each attempt is granted to only one of two workers, even while Redis loses its data', async () => {
  const harness = await openHarness();
  const workers = await Promise.all([
    openFakeWorker(harness, script(planOf(job('test')))),
    openFakeWorker(harness, script(planOf(job('test')))),
  ]);
  const flushing = setInterval(() => void harness.redis.flush().catch(() => undefined), 300);
  const ids = await Promise.all(Array.from({ length: 6 }, () => start(harness)));
  for (const id of ids) expect(await finishedRun(harness, id)).toMatchObject({ status: 'succeeded' });
  clearInterval(flushing);
  expect(workers.flatMap((worker) => worker.granted).filter((grant) => grant.subject === 'job').length).toBe(6);
});

test('A plan that stopping workers hand back does not use up its retries', async () => {
  const harness = await openHarness();
  const errored = ended('errored');
  const handed_back = { ...errored, verdict: { ...errored.verdict, handed_back: true } };
  const plans = [handed_back, handed_back, handed_back, errored, planOf(job('test'))];
  await openFakeWorker(harness, async (grant) =>
    grant.subject === 'delivery' ? (plans.shift() ?? errored) : ended('succeeded'),
  );
  const id = await start(harness);
  await vi.waitFor(() => {
    harness.advance(1000);
    return expect(finishedNow(harness, id)).resolves.toMatchObject({ status: 'succeeded', reason: null });
  }, 15_000);
});

test('A plan is made three times before its error ends the run', async () => {
  const harness = await openHarness();
  let tries = 0;
  await openFakeWorker(harness, async () => (tries++, ended('errored')));
  const id = await start(harness);
  await vi.waitFor(() => {
    harness.advance(1000);
    return expect(finishedNow(harness, id)).resolves.toMatchObject({ reason: 'it errored (attempt 3 of 3)' });
  }, 15_000);
  expect(tries).toBe(3);
});

test('An event that cannot be applied is parked and ends its attempt as errored', async () => {
  const harness = await openHarness();
  await openFakeWorker(harness, async (grant, held) => {
    if (grant.subject === 'delivery') return planOf(job('test'));
    await held.send({ type: 'ready', data: { deployment: 'dep_none', relation: 'same' } });
    return ended();
  });
  const id = await start(harness);
  harness.advance(60_000);
  await vi.waitFor(
    async () =>
      expect((await harness.deps.store.read.selectFrom('parked').selectAll().execute()).length).toBeGreaterThan(0),
    5000,
  );
  await vi.waitFor(() => {
    harness.advance(10_000);
    return expect(finishedNow(harness, id)).resolves.toMatchObject({ status: 'errored' });
  }, 20_000);
});

function script(
  plan: Awaited<ReturnType<Script>>,
  verdicts: Record<string, ('failed' | 'errored' | 'succeeded')[]> = {},
): Script {
  const left = structuredClone(verdicts);
  return async (grant) => (grant.subject === 'delivery' ? plan : ended(left[subject(grant)]?.shift() ?? 'succeeded'));
}

function subject(grant: Grant): string {
  return grant.subject === 'job' ? grant.spec.base : grant.subject;
}

async function finishedRun(harness: ControlHarness, id?: string) {
  return vi.waitFor(() => finishedNow(harness, id), { timeout: 25_000, interval: 30 });
}

/** Each sweep checks the connection twice. */
async function twoSweeps({ deps }: ControlHarness): Promise<void> {
  const checks = vi.spyOn(deps.bus, 'up');
  await vi.waitFor(() => expect(checks.mock.calls.length).toBeGreaterThanOrEqual(5), 8000);
  checks.mockRestore();
}

async function finishedNow(harness: ControlHarness, id?: string) {
  const runs = harness.deps.store.read.selectFrom('runs').selectAll().where('finished_at', 'is not', null);
  return (id === undefined ? runs : runs.where('id', '=', id)).executeTakeFirstOrThrow();
}

async function jobsOf(harness: ControlHarness, run: string): Promise<Record<string, [string, string | null]>> {
  const jobs = await harness.deps.store.read.selectFrom('jobs').selectAll().where('run_id', '=', run).execute();
  return Object.fromEntries(jobs.map(({ base, status, reason }) => [base, [status, reason]]));
}

async function revOf(harness: ControlHarness, run: string): Promise<number> {
  return (
    await harness.deps.store.read.selectFrom('runs').select('rev').where('id', '=', run).executeTakeFirstOrThrow()
  ).rev;
}
