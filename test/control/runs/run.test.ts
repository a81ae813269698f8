import { expect, test, vi } from 'vitest';
import { cancelRun } from '../../../src/control/runs/cancel-run.ts';
import type { Grant } from '../../../src/jobs/protocol/grant.ts';
import { openHand, type Script } from '../fake-worker.ts';
import { type Office, openOffice } from '../harness.ts';
import { ended, job, planOf, push, start } from '../plans.ts';

test('a push is planned, its jobs run in the order of their needs, and the run succeeds', async () => {
  const office = await openOffice();
  const hand = await openHand(office, script(planOf(job('test'), job('build', { needs: ['test'], kind: 'build' }))));
  await push(office);
  const run = await finishedRun(office);
  expect(run).toMatchObject({ number: 1, status: 'succeeded', workflow: 'CI', branch: 'main', trigger: 'push' });
  expect(hand.granted.map(subject)).toEqual(['delivery', 'test', 'build']);
});

test('a job that fails skips what needs it, with the reason', async () => {
  const office = await openOffice();
  await openHand(office, script(planOf(job('test'), job('build', { needs: ['test'] })), { test: ['failed'] }));
  const id = await start(office);
  expect(await finishedRun(office, id)).toMatchObject({ status: 'failed', reason: 'test: it failed' });
  expect(await jobsOf(office, id)).toEqual({ test: ['failed', 'it failed'], build: ['skipped', 'test failed'] });
});

test('an errored attempt is followed by two more, and no others', async () => {
  const office = await openOffice();
  const hand = await openHand(
    office,
    script(planOf(job('test')), { test: ['errored', 'errored', 'errored', 'succeeded'] }),
  );
  const id = await start(office);
  await vi.waitFor(() => expect(hand.granted.length).toBeGreaterThanOrEqual(2), 5000);
  office.advance(1500);
  await vi.waitFor(() => expect(hand.granted.length).toBeGreaterThanOrEqual(3), 5000);
  office.advance(5000);
  expect(await finishedRun(office, id)).toMatchObject({
    status: 'errored',
    reason: 'test: it errored (attempt 3 of 3)',
  });
  expect(hand.granted.map(subject)).toEqual(['delivery', 'test', 'test', 'test']);
});

test('a worker that falls silent is noticed, and its job is tried again by another', async () => {
  const office = await openOffice();
  const started = Promise.withResolvers<void>();
  const silent = await openHand(office, async (grant) => {
    if (grant.subject === 'delivery') return planOf(job('test'));
    started.resolve();
    return new Promise(() => undefined);
  });
  const id = await start(office);
  await started.promise;
  silent.kill();
  const other = await openHand(office, script(planOf()));
  office.advance(13_000);
  expect(await finishedRun(office, id)).toMatchObject({ status: 'succeeded' });
  expect(other.granted.map(subject)).toEqual(['test']);
});

test('a cancelled run ends cancelled: what runs is told, what waits never starts', async () => {
  const office = await openOffice();
  await openHand(office, async (grant, held) => {
    if (grant.subject === 'delivery')
      return planOf(job('test'), job('build', { needs: ['test'] }), job('clean', { needs: ['test'], if: 'always()' }));
    if (subject(grant) === 'clean') return ended();
    await held.stopRequested();
    return ended('cancelled');
  });
  const id = await start(office);
  await vi.waitFor(async () => expect(await jobsOf(office, id)).toMatchObject({ test: ['running', null] }), 5000);
  expect(await cancelRun(office.deps, id, { force: false, reason: 'cancelled by ada' })).toBe(true);
  expect(await finishedRun(office, id)).toMatchObject({ status: 'cancelled' });
  expect(await jobsOf(office, id)).toEqual({
    test: ['cancelled', 'cancelled by ada'],
    build: ['cancelled', 'the run was cancelled'],
    clean: ['succeeded', null],
  });
  const before = await revOf(office, id);
  expect(await cancelRun(office.deps, id, { force: false, reason: 'again' })).toBe(true);
  expect(await revOf(office, id)).toBe(before);
  expect(await cancelRun(office.deps, 'run_none', { force: false, reason: 'x' })).toBe(false);
});

test('a deadline that passes is told to the worker, and the job ends timed out', async () => {
  const office = await openOffice();
  await openHand(office, async (grant, held) => {
    if (grant.subject === 'delivery') return planOf(job('test', { timeout_minutes: 1 }));
    const request = JSON.parse(await held.stopRequested()) as { kind: string; reason: string };
    return ended('timed_out', { verdict: { status: 'timed_out', reason: request.reason, exit_code: null } });
  });
  const id = await start(office);
  await vi.waitFor(async () => expect(await jobsOf(office, id)).toMatchObject({ test: ['running', null] }), 5000);
  office.advance(60_000);
  expect(await finishedRun(office, id)).toMatchObject({
    status: 'timed_out',
    reason: 'test: it took longer than its 1 minutes',
  });
});

test('FLUSHALL in the middle of a run, and a new control process, lose nothing', async () => {
  const office = await openOffice();
  const jobs = Array.from({ length: 12 }, (_, index) =>
    job(`job${index}`, { needs: index === 0 ? [] : [`job${Math.floor((index - 1) / 2)}`] }),
  );
  const hand = await openHand(office, async (grant, held) => {
    if (grant.subject === 'delivery') return planOf(...jobs);
    for (let number = 1; number <= 3; number++)
      await held.say({
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
  const id = await start(office);
  const flushing = setInterval(() => void office.redis.flush().catch(() => undefined), 300);
  await vi.waitFor(async () => expect(hand.granted.length).toBeGreaterThan(4), 10_000);
  await office.restart();
  const run = await finishedRun(office, id);
  clearInterval(flushing);
  expect(run.status).toBe('succeeded');
  const rows = await office.deps.store.read
    .selectFrom('jobs')
    .select(['status', 'steps', 'attempt'])
    .where('run_id', '=', id)
    .execute();
  expect(rows.map(({ status, steps, attempt }) => [status, attempt, (JSON.parse(steps) as unknown[]).length])).toEqual(
    jobs.map(() => ['succeeded', 1, 3]),
  );
  const attempts = hand.granted.filter((grant) => grant.subject === 'job');
  expect(attempts.length).toBe(12);
});

test('two workers that want the same attempt: one is granted it, the other denied', async () => {
  const office = await openOffice();
  const hands = await Promise.all([
    openHand(office, script(planOf(job('test')))),
    openHand(office, script(planOf(job('test')))),
  ]);
  const flushing = setInterval(() => void office.redis.flush().catch(() => undefined), 300);
  const ids = await Promise.all(Array.from({ length: 6 }, () => start(office)));
  for (const id of ids) expect(await finishedRun(office, id)).toMatchObject({ status: 'succeeded' });
  clearInterval(flushing);
  expect(hands.flatMap((hand) => hand.granted).filter((grant) => grant.subject === 'job').length).toBe(6);
});

test('an event that no rule understands ends its attempt and is kept for whoever looks', async () => {
  const office = await openOffice();
  await openHand(office, async (grant, held) => {
    if (grant.subject === 'delivery') return planOf(job('test'));
    await held.say({ type: 'ready', data: { deployment: 'dep_none', relation: 'same' } });
    return ended();
  });
  const id = await start(office);
  office.advance(60_000);
  await vi.waitFor(
    async () =>
      expect((await office.deps.store.read.selectFrom('parked').selectAll().execute()).length).toBeGreaterThan(0),
    5000,
  );
  await vi.waitFor(() => {
    office.advance(10_000);
    return expect(finishedNow(office, id)).resolves.toMatchObject({ status: 'errored' });
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

async function finishedRun(office: Office, id?: string) {
  return vi.waitFor(() => finishedNow(office, id), { timeout: 25_000, interval: 30 });
}

async function finishedNow(office: Office, id?: string) {
  const runs = office.deps.store.read.selectFrom('runs').selectAll().where('finished_at', 'is not', null);
  return (id === undefined ? runs : runs.where('id', '=', id)).executeTakeFirstOrThrow();
}

async function jobsOf(office: Office, run: string): Promise<Record<string, [string, string | null]>> {
  const jobs = await office.deps.store.read.selectFrom('jobs').selectAll().where('run_id', '=', run).execute();
  return Object.fromEntries(jobs.map(({ base, status, reason }) => [base, [status, reason]]));
}

async function revOf(office: Office, run: string): Promise<number> {
  return (await office.deps.store.read.selectFrom('runs').select('rev').where('id', '=', run).executeTakeFirstOrThrow())
    .rev;
}
