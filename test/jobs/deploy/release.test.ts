import { describe, expect, it } from 'vitest';
import { KEPT_RELEASES, type PastRelease, releasesToForget, rollbackTarget } from '../../../src/jobs/deploy/release.ts';

/** `r1 r2* r3-`: releases that have been live; `*` never was, `-` is not kept any more. */
function releases(names: string): PastRelease[] {
  return names.split(' ').map((name) => ({
    id: name.slice(0, 2),
    kept: !name.endsWith('-'),
    live_at: name.endsWith('*') ? null : 1000,
  }));
}

function forgotten(names: string, live: string | null, open: string[] = []): string[] {
  return releasesToForget(releases(names), live, open);
}

describe('A rollback without a release leads to', () => {
  it.each([
    ['the newest one older than the live one', 'r1 r2 r3', 'r3', 'r2'],
    ['further back after a rollback, not forth again', 'r1 r2 r3', 'r2', 'r1'],
    ['past one that was never live', 'r1 r2* r3', 'r3', 'r1'],
    ['past one whose image is gone', 'r1 r2- r3', 'r3', 'r1'],
    ['nothing, when the live one is the oldest', 'r1 r2', 'r1', null],
    ['nothing, when no other was live', 'r1* r2', 'r2', null],
    ['the newest, when none is live', 'r2 r1 r3*', null, 'r2'],
  ])('%s', (_, names, live, target) => {
    expect(rollbackTarget(releases(names), live)?.id ?? null).toBe(target);
  });
});

describe('An image may go', () => {
  it('when five newer releases have been live', () => {
    expect(KEPT_RELEASES).toBe(5);
    expect(forgotten('r1 r2 r3 r4 r5', 'r5')).toEqual([]);
    expect(forgotten('r1 r2 r3 r4 r5 r6 r7', 'r7')).toEqual(['r1', 'r2']);
  });

  it('but not of the live release, however old it is', () => {
    expect(forgotten('r1 r2 r3 r4 r5 r6 r7', 'r1')).toEqual(['r2']);
  });

  it('of a release that never got live, unless a deployment of it is under way', () => {
    expect(forgotten('r1 r2* r3', 'r3')).toEqual(['r2']);
    expect(forgotten('r1 r2* r3', 'r3', ['r2'])).toEqual([]);
  });

  it('once: what is not kept is not named again', () => {
    expect(forgotten('r1- r2 r3 r4 r5 r6', 'r6')).toEqual([]);
  });
});
