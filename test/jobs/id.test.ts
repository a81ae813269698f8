import { describe, expect, it } from 'vitest';
import { type IdPrefix, newId, openIds } from '../../src/jobs/id.ts';

const zeros = (bytes: number) => new Uint8Array(bytes);
const ones = (bytes: number) => new Uint8Array(bytes).fill(0xff);

describe('An id', () => {
  it('is a prefix, ten characters of time and sixteen random ones', () => {
    expect(newId('run', 0, zeros)).toBe('run_00000000000000000000000000');
    expect(newId('run', 31, zeros)).toBe('run_000000000Z0000000000000000');
    expect(newId('job', 0, ones)).toBe('job_0000000000ZZZZZZZZZZZZZZZZ');
  });

  it('has the time of a ULID', () => {
    expect(newId('att', 1_469_922_850_259, zeros)).toBe('att_01ARZ3NDEK0000000000000000');
  });

  it('sorts by time, independent of the random part', () => {
    const times = [0, 1, 31, 32, 1023, 1024, 1_700_000_000_000, 1_700_000_000_001, 2 ** 45];
    const ids = times.map((now, index) => newId('dep', now, index % 2 === 0 ? ones : zeros));
    expect(ids.toSorted()).toEqual(ids);
  });

  it.each<IdPrefix>(['run', 'job', 'att', 'dlv', 'rel', 'dep', 'tok', 'repo', 'wrk'])(
    '%s_... is valid in BullMQ: it is not an integer and has no colon',
    (prefix) => {
      expect(newId(prefix, 1_700_000_000_000, ones)).toMatch(new RegExp(`^${prefix}_[0-9A-HJKMNP-TV-Z]{26}$`));
    },
  );
});

describe('The ids of one process', () => {
  it('sort in the order of their creation, even within a millisecond or if the clock goes back', () => {
    const times = [5, 5, 5, 3, 9];
    const next = openIds(
      () => times.shift() ?? 0,
      (bytes) => new Uint8Array(bytes).fill(times.length),
    );
    const ids = Array.from({ length: 5 }, () => next('run'));
    expect(ids).toEqual(ids.toSorted());
    expect(new Set(ids.map((id) => id.slice(0, 14))).size).toBe(5);
  });
});
