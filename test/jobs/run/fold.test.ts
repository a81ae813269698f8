import { describe, expect, it } from 'vitest';
import { foldNeed, foldRun, type NeedResult } from '../../../src/jobs/run/fold.ts';
import type { JobStatus, RunStatus } from '../../../src/jobs/status.ts';

const allowed = (status: JobStatus) => [{ status, continue_on_error: true }];
const jobs = (...statuses: JobStatus[]) => statuses.map((status) => ({ status, continue_on_error: false }));

describe("A run's status is a fold of its jobs' statuses", () => {
  it.each<[JobStatus[], RunStatus]>([
    [['succeeded', 'running', 'queued', 'waiting', 'failed'], 'running'],
    [['succeeded', 'queued', 'waiting', 'failed'], 'queued'],
    [['failed', 'waiting'], 'waiting'],
    [['succeeded', 'skipped', 'cancelled', 'errored', 'timed_out', 'failed'], 'failed'],
    [['succeeded', 'skipped', 'cancelled', 'errored', 'timed_out'], 'timed_out'],
    [['succeeded', 'skipped', 'cancelled', 'errored'], 'errored'],
    [['succeeded', 'skipped', 'cancelled'], 'cancelled'],
    [['succeeded', 'skipped'], 'succeeded'],
    [['skipped', 'skipped'], 'skipped'],
  ])('%j: %s', (statuses, status) => {
    expect(foldRun(jobs(...statuses))).toBe(status);
    expect(foldRun(jobs(...statuses).toReversed())).toBe(status);
  });

  it('queued without jobs, because the run is still being planned', () => {
    expect(foldRun([])).toBe('queued');
  });
});

describe('continue-on-error', () => {
  it('makes a failed job count as succeeded', () => {
    expect(foldRun(allowed('failed'))).toBe('succeeded');
    expect(foldNeed(allowed('failed'))).toBe('success');
    expect(foldRun([...allowed('failed'), ...jobs('skipped')])).toBe('succeeded');
  });

  it('does not apply to errored or timed-out jobs', () => {
    expect(foldRun(allowed('errored'))).toBe('errored');
    expect(foldRun(allowed('timed_out'))).toBe('timed_out');
  });

  it('does not apply to other jobs', () => {
    expect(foldRun([...allowed('failed'), ...jobs('failed')])).toBe('failed');
  });
});

describe('`needs.<job>.result`', () => {
  it.each<[JobStatus[], NeedResult]>([
    [['succeeded'], 'success'],
    [['failed'], 'failure'],
    [['timed_out'], 'failure'],
    [['errored'], 'failure'],
    [['cancelled'], 'cancelled'],
    [['skipped'], 'skipped'],
    [['succeeded', 'skipped'], 'success'],
    [['succeeded', 'cancelled'], 'cancelled'],
    [['cancelled', 'failed', 'succeeded'], 'failure'],
  ])('of cells that are %j is %s', (statuses, result) => {
    expect(foldNeed(jobs(...statuses))).toBe(result);
  });
});
