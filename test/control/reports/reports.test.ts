import { expect, test, vi } from 'vitest';
import type { z } from 'zod';
import type { Finished } from '../../../src/jobs/protocol/event.ts';
import type { ReportGrant } from '../../../src/jobs/protocol/grant.ts';
import { openHand } from '../fake-worker.ts';
import { type Office, openOffice } from '../harness.ts';
import { ended, job, planOf, push, SHA } from '../plans.ts';

type Grant = z.infer<typeof ReportGrant>;

test('each job has a commit status, its end is told, and what it passed through quickly is not', async () => {
  const office = await openOffice({ token: 'ghp_token' });
  const told: Grant[] = [];
  await openHand(office, async (grant) => {
    if (grant.subject === 'delivery') return planOf(job('test'), job('build', { needs: ['test'] }));
    return grant.subject === 'report' ? tell(told, grant) : ended();
  });
  await push(office);
  await vi.waitFor(
    () =>
      expect(told.map(({ report }) => state(report)).toSorted()).toEqual(['CI / build success', 'CI / test success']),
    8000,
  );
  expect(told[0]).toMatchObject({ repo: 'acme/shop', token: 'ghp_token', sent: null, report: { sha: SHA } });
  expect(await reports(office)).toEqual([]);
});

test('a limit that GitHub names holds back all reports of the repository until then', async () => {
  const office = await openOffice({ token: 'ghp_token' });
  const told: Grant[] = [];
  let limited = 0;
  await openHand(office, async (grant) => {
    if (grant.subject === 'delivery') return planOf(job('a'), job('b'), job('c'));
    if (grant.subject !== 'report') return ended();
    if (limited++ === 0) return ended('errored', { report: { sent: null, retry_at: office.deps.now() + 60_000 } });
    return tell(told, grant);
  });
  await push(office);
  await vi.waitFor(
    async () =>
      expect((await office.deps.store.read.selectFrom('runs').select('status').execute())[0]?.status).toBe('succeeded'),
    8000,
  );
  await vi.waitFor(
    async () =>
      expect((await reports(office)).every(({ not_before }) => not_before > office.deps.now() + 50_000)).toBe(true),
    5000,
  );
  office.advance(61_000);
  await vi.waitFor(async () => expect(await reports(office)).toEqual([]), 8000);
  expect(new Set(told.map(({ report }) => state(report)))).toEqual(
    new Set(['CI / a success', 'CI / b success', 'CI / c success']),
  );
});

test('what GitHub refuses for good is not tried again', async () => {
  const office = await openOffice({ token: 'ghp_token' });
  let tries = 0;
  await openHand(office, async (grant) => {
    if (grant.subject === 'delivery') return planOf(job('test'));
    if (grant.subject === 'report') tries++;
    return grant.subject === 'report' ? ended('failed', { report: { sent: null, retry_at: null } }) : ended();
  });
  await push(office);
  await vi.waitFor(async () => {
    const rows = await office.deps.store.read.selectFrom('reports').selectAll().execute();
    expect(rows).toMatchObject([{ gave_up: 'it failed' }]);
  }, 8000);
  office.advance(3_600_000);
  await vi.waitFor(
    async () =>
      expect(
        await office.deps.store.read.selectFrom('attempts').selectAll().where('subject', '=', 'report').execute(),
      ).toEqual([]),
    5000,
  );
  expect(tries).toBe(1);
});

test('a repository without a token has nothing to report', async () => {
  const office = await openOffice();
  await openHand(office, async (grant) => (grant.subject === 'delivery' ? planOf(job('test')) : ended()));
  await push(office);
  await vi.waitFor(
    async () =>
      expect((await office.deps.store.read.selectFrom('runs').select('status').execute())[0]?.status).toBe('succeeded'),
    8000,
  );
  expect(await office.deps.store.read.selectFrom('reports').selectAll().execute()).toEqual([]);
});

function tell(told: Grant[], grant: Grant): Finished {
  told.push(grant);
  return ended('succeeded', { report: { sent: { id: told.length }, retry_at: null } });
}

function state(report: Grant['report']): string {
  return report.kind === 'status' ? `${report.context} ${report.state}` : `${report.environment} ${report.state}`;
}

/** What GitHub is still to be told. */
async function reports(office: Office) {
  const rows = await office.deps.store.read.selectFrom('reports').selectAll().execute();
  return rows.filter(({ desired, sent_desired }) => desired !== sent_desired);
}
