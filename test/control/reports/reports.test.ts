import { expect, test, vi } from 'vitest';
import type { Finished } from '../../../src/jobs/protocol/event.ts';
import type { ReportGrant } from '../../../src/jobs/protocol/grant.ts';
import { openFakeWorker } from '../fake-worker.ts';
import { type ControlHarness, openHarness } from '../harness.ts';
import { ended, job, planOf, push, SHA } from '../plans.ts';

test('Each job gets one commit status when it ends; states that last less than a second are not sent', async () => {
  const harness = await openHarness({ token: 'ghp_token' });
  const sent: ReportGrant[] = [];
  await openFakeWorker(harness, async (grant) => {
    if (grant.subject === 'delivery') return planOf(job('test'), job('build', { needs: ['test'] }));
    return grant.subject === 'report' ? record(sent, grant) : ended();
  });
  await push(harness);
  await vi.waitFor(
    () =>
      expect(sent.map(({ report }) => state(report)).toSorted()).toEqual(['CI / build success', 'CI / test success']),
    8000,
  );
  expect(sent[0]).toMatchObject({ repo: 'acme/shop', token: 'ghp_token', sent: null, report: { sha: SHA } });
  await expect.poll(() => unsentReports(harness)).toEqual([]);
});

test('A rate limit delays all reports of the repository', async () => {
  const harness = await openHarness({ token: 'ghp_token' });
  const sent: ReportGrant[] = [];
  let limited = 0;
  await openFakeWorker(harness, async (grant) => {
    if (grant.subject === 'delivery') return planOf(job('a'), job('b'), job('c'));
    if (grant.subject !== 'report') return ended();
    if (limited++ === 0) return ended('errored', { report: { sent: null, retry_at: harness.deps.now() + 60_000 } });
    return record(sent, grant);
  });
  await push(harness);
  await runSucceeded(harness);
  await vi.waitFor(
    async () =>
      expect((await unsentReports(harness)).every(({ not_before }) => not_before > harness.deps.now() + 50_000)).toBe(
        true,
      ),
    5000,
  );
  harness.advance(61_000);
  await vi.waitFor(async () => expect(await unsentReports(harness)).toEqual([]), 8000);
  expect(new Set(sent.map(({ report }) => state(report)))).toEqual(
    new Set(['CI / a success', 'CI / b success', 'CI / c success']),
  );
});

test('A refused report is not sent again', async () => {
  const harness = await openHarness({ token: 'ghp_token' });
  let tries = 0;
  await openFakeWorker(harness, async (grant) => {
    if (grant.subject === 'delivery') return planOf(job('test'));
    if (grant.subject !== 'report') return ended();
    tries++;
    return ended('failed', { report: { sent: null, retry_at: null } });
  });
  await push(harness);
  await vi.waitFor(async () => {
    const rows = await harness.deps.store.read.selectFrom('reports').selectAll().execute();
    expect(rows).toMatchObject([{ gave_up: 'it failed' }]);
  }, 8000);
  harness.advance(3_600_000);
  await vi.waitFor(
    async () =>
      expect(
        await harness.deps.store.read.selectFrom('attempts').selectAll().where('subject', '=', 'report').execute(),
      ).toEqual([]),
    5000,
  );
  expect(tries).toBe(1);
});

test('After a refused state, the next state of the same status is sent', async () => {
  const harness = await openHarness({ token: 'ghp_token' });
  const sent: ReportGrant[] = [];
  let isRefused = true;
  await openFakeWorker(harness, async (grant) => {
    if (grant.subject === 'delivery') return planOf(job('test'));
    if (grant.subject !== 'report') return ended();
    return isRefused ? ended('failed', { report: { sent: null, retry_at: null } }) : record(sent, grant);
  });
  await push(harness);
  await vi.waitFor(async () => expect(await refusals(harness)).toEqual(['it failed']), 8000);
  isRefused = false;
  await push(harness);
  await vi.waitFor(async () => expect(await unsentReports(harness)).toEqual([]), 8000);
  expect(sent.map(({ report }) => state(report))).toContain('CI / test success');
  expect(await refusals(harness)).toEqual([null]);
});

test('A refusal does not stop a state that was stored while the refused one was being sent', async () => {
  const harness = await openHarness({ token: 'ghp_token' });
  const sent: ReportGrant[] = [];
  const sending = Promise.withResolvers<void>();
  await openFakeWorker(harness, async (grant) => {
    if (grant.subject === 'delivery') return planOf(job('test'));
    if (grant.subject === 'job') await sending.promise;
    if (grant.subject !== 'report') return ended();
    if (state(grant.report) !== 'CI / test pending') return record(sent, grant);
    sending.resolve();
    await runSucceeded(harness);
    return ended('failed', { report: { sent: null, retry_at: null } });
  });
  await push(harness);
  await vi.waitFor(() => expect(sent.map(({ report }) => state(report))).toEqual(['CI / test success']), 8000);
});

test('A repository without a token gets no reports', async () => {
  const harness = await openHarness();
  await openFakeWorker(harness, async (grant) => (grant.subject === 'delivery' ? planOf(job('test')) : ended()));
  await push(harness);
  await runSucceeded(harness);
  expect(await harness.deps.store.read.selectFrom('reports').selectAll().execute()).toEqual([]);
});

async function runSucceeded({ deps }: ControlHarness): Promise<void> {
  await vi.waitFor(async () => {
    const runs = await deps.store.read.selectFrom('runs').select('status').execute();
    expect(runs).toEqual([{ status: 'succeeded' }]);
  }, 8000);
}

function record(sent: ReportGrant[], grant: ReportGrant): Finished {
  sent.push(grant);
  return ended('succeeded', { report: { sent: { id: sent.length }, retry_at: null } });
}

function state(report: ReportGrant['report']): string {
  return report.kind === 'status' ? `${report.context} ${report.state}` : `${report.environment} ${report.state}`;
}

/** Why each report's newest state was refused; null for one that was not. */
async function refusals({ deps }: ControlHarness): Promise<(string | null)[]> {
  const rows = await deps.store.read.selectFrom('reports').select('gave_up').execute();
  return rows.map(({ gave_up }) => gave_up);
}

/** The reports whose newest state was not sent. */
async function unsentReports(harness: ControlHarness) {
  const rows = await harness.deps.store.read.selectFrom('reports').selectAll().execute();
  return rows.filter(({ desired, sent_desired }) => desired !== sent_desired);
}
