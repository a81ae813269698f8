import { describe, expect, it } from 'vitest';
import { foldNeed, foldRun, type NeedResult } from '../../../src/jobs/run/fold.ts';
import type { JobStatus, RunStatus } from '../../../src/jobs/status.ts';

const forgiven = (status: JobStatus) => [{ status, continue_on_error: true }];
const jobs = (...statuses: JobStatus[]) => statuses.map((status) => ({ status, continue_on_error: false }));

describe("A run's status is its jobs'", () => {
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

  it('and queued without jobs: it is being planned', () => {
    expect(foldRun([])).toBe('queued');
  });
});

describe('A failure under continue-on-error', () => {
  it('counts as a success', () => {
    expect(foldRun(forgiven('failed'))).toBe('succeeded');
    expect(foldNeed(forgiven('failed'))).toBe('success');
    expect(foldRun([...forgiven('failed'), ...jobs('skipped')])).toBe('succeeded');
  });

  it('does not cover what is not the work saying no', () => {
    expect(foldRun(forgiven('errored'))).toBe('errored');
    expect(foldRun(forgiven('timed_out'))).toBe('timed_out');
  });

  it('covers nothing but its own job', () => {
    expect(foldRun([...forgiven('failed'), ...jobs('failed')])).toBe('failed');
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
  ])('of cells that ended %j is %s', (statuses, result) => {
    expect(foldNeed(jobs(...statuses))).toBe(result);
  });
});
