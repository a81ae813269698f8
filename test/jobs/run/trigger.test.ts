import { describe, expect, it } from 'vitest';
import { trimPayload } from '../../../src/jobs/run/trigger.ts';

const KIB = 1024;

describe('The payload for conditions', () => {
  it('is the whole payload if it is small', () => {
    const payload = { ref: 'refs/heads/main', commits: ['x'.repeat(200 * KIB)] };
    expect(trimPayload(payload)).toBe(payload);
  });

  it('has only the small fields of a large payload', () => {
    const small = { ref: 'refs/heads/main', sender: { login: 'ada' }, forced: false, base_ref: null };
    const payload = { ...small, commits: ['x'.repeat(300 * KIB)], head_commit: { message: 'y'.repeat(33 * KIB) } };
    expect(trimPayload(payload)).toEqual(small);
  });
});
