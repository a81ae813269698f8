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
  it('with nothing in its queue does nothing', () => {
    expect(environmentMoves([])).toEqual({ replaced: [], start: null });
    expect(environmentMoves([{ ...queued('a', '1'), status: 'live' }])).toEqual({ replaced: [], start: null });
  });

  it('starts a deployment once its worker stands ready', () => {
    expect(environmentMoves([queued('a', '1', false)])).toEqual({ replaced: [], start: null });
    expect(environmentMoves([queued('a', '1')])).toEqual({ replaced: [], start: 'a' });
  });

  it.each(['starting', 'switching'] as const)('starts none while another is %s', (status) => {
    expect(environmentMoves([{ ...queued('a', '1'), status }, queued('b', '2')])).toEqual({
      replaced: [],
      start: null,
    });
  });

  it('goes by the order of the commits, not by the order in which their jobs got here', () => {
    expect(environmentMoves([queued('a', '3'), queued('b', '1'), queued('c', '2')])).toEqual({
      replaced: ['b', 'c'],
      start: 'a',
    });
  });

  it('lets the older ones give way even where the newest cannot start yet', () => {
    expect(environmentMoves([queued('a', '1'), queued('b', '2', false)])).toEqual({ replaced: ['a'], start: null });
    expect(environmentMoves([{ ...queued('a', '1'), status: 'starting' }, queued('b', '2'), queued('c', '3')])).toEqual(
      {
        replaced: ['b'],
        start: null,
      },
    );
  });

  it('takes the later one of two at the same commit', () => {
    expect(environmentMoves([queued('b', '1'), queued('a', '1')])).toEqual({ replaced: ['a'], start: 'b' });
  });
});

describe('A candidate that passed its gate', () => {
  const candidate = { relation: 'newer' as const, ordered: true, unwanted: null };

  it.each<[Relation, boolean]>([
    ['newer', true],
    ['same', true],
    ['unrelated', true],
    ['unknown', true],
    ['ancestor', false],
  ])('of a push whose commit is %s to the live one: may it take the traffic? %s', (relation, may) => {
    const decision = mayTakeTraffic({ ...candidate, relation });
    expect(decision).toEqual(
      may ? { go: 'switch' } : { go: 'stop', status: 'skipped', reason: 'a newer commit is live already' },
    );
  });

  it('that someone decided on, or a forced push, may go back', () => {
    expect(mayTakeTraffic({ ...candidate, relation: 'ancestor', ordered: false })).toEqual({ go: 'switch' });
  });

  it('of a cancelled run may not', () => {
    const stop = { go: 'stop', status: 'cancelled', reason: 'the run was cancelled' };
    expect(mayTakeTraffic({ ...candidate, unwanted: 'the run was cancelled' })).toEqual(stop);
    expect(mayTakeTraffic({ ...candidate, unwanted: 'the run was cancelled', relation: 'ancestor' })).toEqual(stop);
  });
});

describe('The order of commits', () => {
  it('binds a push that was not forced; what someone decided on goes where it is sent', () => {
    expect(isOrdered('push', false)).toBe(true);
    expect(isOrdered('push', true)).toBe(false);
    expect(isOrdered('api', false)).toBe(false);
  });
});
