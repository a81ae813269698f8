import { describe, expect, it } from 'vitest';
import {
  AttemptStatus,
  attemptMoves,
  DeploymentStatus,
  deploymentMoves,
  EndStatus,
  hasEnded,
  JobStatus,
  jobMoves,
  mayMove,
} from '../../src/jobs/status.ts';

const ENDS = ['succeeded', 'failed', 'errored', 'timed_out', 'cancelled', 'skipped'];

describe('A job', () => {
  it('has ended in six of its nine statuses', () => {
    expect(JobStatus.options.filter(hasEnded).toSorted()).toEqual(ENDS.toSorted());
    expect(EndStatus.options.toSorted()).toEqual(ENDS.toSorted());
  });

  it.each(ENDS)('that is %s does not move', (status) => {
    expect(jobMoves[JobStatus.parse(status)]).toEqual([]);
  });

  it.each([
    ['waiting', 'queued', true],
    ['waiting', 'running', false],
    ['waiting', 'succeeded', false],
    ['queued', 'running', true],
    ['queued', 'waiting', false],
    ['queued', 'succeeded', false],
    ['running', 'queued', true],
    ['running', 'waiting', false],
    ['running', 'running', false],
    ['succeeded', 'failed', false],
  ] as const)('from %s to %s: %s', (from, to, legal) => {
    expect(mayMove(jobMoves, from, to)).toBe(legal);
  });

  it.each(['waiting', 'queued', 'running'] as const)('that is %s can be cancelled', (from) => {
    expect(mayMove(jobMoves, from, 'cancelled')).toBe(true);
  });

  it('succeeds or fails only while running, except for a condition that cannot be evaluated', () => {
    expect(JobStatus.options.filter((from) => mayMove(jobMoves, from, 'succeeded'))).toEqual(['running']);
    expect(JobStatus.options.filter((from) => mayMove(jobMoves, from, 'failed'))).toEqual(['waiting', 'running']);
  });
});

describe('An attempt', () => {
  it('is offered, runs and ends, or ends before a worker claims it', () => {
    expect(attemptMoves).toEqual({ offered: ['running', 'ended'], running: ['ended'], ended: [] });
    expect(Object.keys(attemptMoves)).toEqual(AttemptStatus.options);
  });
});

describe('A deployment', () => {
  it('switches only after its gate, and is live until a later one is', () => {
    expect(DeploymentStatus.options.filter((from) => mayMove(deploymentMoves, from, 'switching'))).toEqual([
      'starting',
    ]);
    expect(deploymentMoves.live).toEqual(['retired']);
  });

  it.each([
    ['waiting', 'live', false],
    ['starting', 'skipped', true],
    ['switching', 'skipped', false],
    ['switching', 'starting', false],
    ['live', 'failed', false],
    ['live', 'live', false],
  ] as const)('from %s to %s: %s', (from, to, legal) => {
    expect(mayMove(deploymentMoves, from, to)).toBe(legal);
  });

  it.each(['retired', 'failed', 'cancelled', 'skipped'] as const)('that is %s does not move', (status) => {
    expect(deploymentMoves[status]).toEqual([]);
  });
});
