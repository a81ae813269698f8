import { describe, expect, it } from 'vitest';
import { decideRetry, type RetryInput, type Verdict } from '../../../src/jobs/protocol/verdict.ts';

const lost = { status: 'errored', reason: 'its worker was lost', exit_code: null } satisfies Verdict;

function decide(verdict: Verdict, more: Partial<RetryInput> = {}) {
  return decideRetry({ verdict, errors: 0, cancel_reason: null, irreversible: false, ...more });
}

describe('A verdict other than errored ends the job', () => {
  it.each<Verdict>([
    { status: 'succeeded', reason: null, exit_code: 0 },
    { status: 'failed', reason: 'Run npm test ended with exit code 1', exit_code: 1 },
    { status: 'timed_out', reason: 'it ran longer than 5 min', exit_code: null },
    { status: 'skipped', reason: 'a newer commit is already live', exit_code: null },
    { status: 'cancelled', reason: 'a newer deployment took its place', exit_code: null },
  ])('$status, also after errored attempts', (verdict) => {
    expect(decide(verdict, { errors: 2 })).toEqual({ next: 'end', ...verdict });
  });
});

describe('An errored attempt is followed by at most two more', () => {
  it('the first after 1 s, the second after 4 s', () => {
    expect(decide(lost, { errors: 0 })).toEqual({ next: 'retry', delay: 1000, reason: lost.reason });
    expect(decide(lost, { errors: 1 })).toEqual({ next: 'retry', delay: 4000, reason: lost.reason });
  });

  it('then the job is errored, with the number of attempts', () => {
    expect(decide(lost, { errors: 2 })).toEqual({
      next: 'end',
      status: 'errored',
      reason: 'its worker was lost (attempt 3 of 3)',
      exit_code: null,
    });
  });

  it('with a default reason', () => {
    const reason = 'the attempt ended without a reason';
    expect(decide({ ...lost, reason: null })).toEqual({ next: 'retry', delay: 1000, reason });
  });
});

describe('An attempt that its worker handed back', () => {
  it.each([0, 1, 2])('is followed by another immediately, also after %d errored attempts', (errors) => {
    const verdict = { ...lost, reason: 'its worker shut down', handed_back: true };
    expect(decide(verdict, { errors })).toEqual({ next: 'retry', delay: 0, reason: 'its worker shut down' });
  });
});

describe('After a request to cancel', () => {
  const cancel_reason = 'cancelled by ada';

  it.each<Verdict>([
    { status: 'succeeded', reason: null, exit_code: 0 },
    { status: 'failed', reason: 'exit code 143', exit_code: 143 },
    { status: 'timed_out', reason: 'too long', exit_code: null },
    lost,
    { ...lost, handed_back: true },
  ])('$status becomes cancelled, with the reason of the request', (verdict) => {
    const end = { next: 'end', status: 'cancelled', reason: cancel_reason, exit_code: verdict.exit_code };
    expect(decide(verdict, { cancel_reason })).toEqual(end);
  });

  it('a success that cannot be undone stays a success', () => {
    const verdict: Verdict = { status: 'succeeded', reason: null, exit_code: null };
    expect(decide(verdict, { cancel_reason, irreversible: true })).toEqual({ next: 'end', ...verdict });
    expect(decide(lost, { cancel_reason, irreversible: true })).toMatchObject({ next: 'end', status: 'cancelled' });
  });
});
