import { describe, expect, it } from 'vitest';
import type { Relation } from '../../../src/jobs/deploy/deployment.ts';
import {
  environmentMoves,
  isOrdered,
  mayTakeTraffic,
  type QueuedDeployment,
} from '../../../src/jobs/deploy/environment.ts';

const queued = (id: string, position: string, asked = true): QueuedDeployment => ({
  id,
  position,
  asked,
  status: 'waiting',
});

describe('An environment', () => {
  it('does nothing if its queue is empty', () => {
    expect(environmentMoves([])).toEqual({ replaced: [], start: null });
    expect(environmentMoves([{ ...queued('a', '1'), status: 'live' }])).toEqual({ replaced: [], start: null });
  });

  it('starts a deployment once its worker has asked', () => {
    expect(environmentMoves([queued('a', '1', false)])).toEqual({ replaced: [], start: null });
    expect(environmentMoves([queued('a', '1')])).toEqual({ replaced: [], start: 'a' });
  });

  it.each(['starting', 'switching'] as const)('starts nothing while another deployment is %s', (status) => {
    expect(environmentMoves([{ ...queued('a', '1'), status }, queued('b', '2')])).toEqual({
      replaced: [],
      start: null,
    });
  });

  it('starts deployments in the order of the commits, not of the jobs', () => {
    expect(environmentMoves([queued('a', '3'), queued('b', '1'), queued('c', '2')])).toEqual({
      replaced: ['b', 'c'],
      start: 'a',
    });
  });

  it('replaces older deployments even if the newest cannot start yet', () => {
    expect(environmentMoves([queued('a', '1'), queued('b', '2', false)])).toEqual({ replaced: ['a'], start: null });
    expect(environmentMoves([{ ...queued('a', '1'), status: 'starting' }, queued('b', '2'), queued('c', '3')])).toEqual(
      {
        replaced: ['b'],
        start: null,
      },
    );
  });

  it('keeps the later of two deployments of the same commit', () => {
    expect(environmentMoves([queued('b', '1'), queued('a', '1')])).toEqual({ replaced: ['a'], start: 'b' });
  });
});

describe('A candidate that passed its gate', () => {
  const candidate = { relation: 'newer' as const, ordered: true, cancel_reason: null };

  it.each<[Relation, boolean]>([
    ['newer', true],
    ['same', true],
    ['unrelated', true],
    ['unknown', true],
    ['ancestor', false],
  ])('of a push, with a commit that is %s: gets the traffic: %s', (relation, may) => {
    const decision = mayTakeTraffic({ ...candidate, relation });
    expect(decision).toEqual(
      may ? { go: 'switch' } : { go: 'stop', status: 'skipped', reason: 'a newer commit is already live' },
    );
  });

  it('of a forced push or an explicit decision may be older than the live one', () => {
    expect(mayTakeTraffic({ ...candidate, relation: 'ancestor', ordered: false })).toEqual({ go: 'switch' });
  });

  it('of a cancelled run gets no traffic', () => {
    const stop = { go: 'stop', status: 'cancelled', reason: 'the run was cancelled' };
    expect(mayTakeTraffic({ ...candidate, cancel_reason: 'the run was cancelled' })).toEqual(stop);
    expect(mayTakeTraffic({ ...candidate, cancel_reason: 'the run was cancelled', relation: 'ancestor' })).toEqual(
      stop,
    );
  });
});

describe('The order of commits', () => {
  it('matters only for a push that was not forced', () => {
    expect(isOrdered('push', false)).toBe(true);
    expect(isOrdered('push', true)).toBe(false);
    expect(isOrdered('api', false)).toBe(false);
  });
});
