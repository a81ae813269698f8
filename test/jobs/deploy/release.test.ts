import { describe, expect, it } from 'vitest';
import { KEPT_RELEASES, type PastRelease, releasesToForget, rollbackTarget } from '../../../src/jobs/deploy/release.ts';

/** `r1 r2* r3-`: three releases; `*` was never live, `-` is no longer kept. */
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

describe('The default target of a rollback is', () => {
  it.each([
    ['the newest one older than the live one', 'r1 r2 r3', 'r3', 'r2'],
    ['one further back after another rollback', 'r1 r2 r3', 'r2', 'r1'],
    ['not a release that was never live', 'r1 r2* r3', 'r3', 'r1'],
    ['not a release without its image', 'r1 r2- r3', 'r3', 'r1'],
    ['null if the live one is the oldest', 'r1 r2', 'r1', null],
    ['null if no other was live', 'r1* r2', 'r2', null],
    ['the newest if none is live', 'r2 r1 r3*', null, 'r2'],
  ])('%s', (_, names, live, target) => {
    expect(rollbackTarget(releases(names), live)?.id ?? null).toBe(target);
  });
});

describe('The image of a release is removed', () => {
  it('if five newer releases were live', () => {
    expect(KEPT_RELEASES).toBe(5);
    expect(forgotten('r1 r2 r3 r4 r5', 'r5')).toEqual([]);
    expect(forgotten('r1 r2 r3 r4 r5 r6 r7', 'r7')).toEqual(['r1', 'r2']);
  });

  it('but not if the release is live', () => {
    expect(forgotten('r1 r2 r3 r4 r5 r6 r7', 'r1')).toEqual(['r2']);
  });

  it('if the release was never live, unless a deployment of it is in progress', () => {
    expect(forgotten('r1 r2* r3', 'r3')).toEqual(['r2']);
    expect(forgotten('r1 r2* r3', 'r3', ['r2'])).toEqual([]);
  });

  it('only once', () => {
    expect(forgotten('r1- r2 r3 r4 r5 r6', 'r6')).toEqual([]);
  });
});
