import { describe, expect, it } from 'vitest';
import { chooseOffers, type FreeSlots, type PendingAttempt, poolOf } from '../../../src/jobs/protocol/offers.ts';
import type { Lane } from '../../../src/jobs/run/plan.ts';

const NO_SLOTS: FreeSlots = { plan: 0, work: 0, deploy: 0, notify: 0 };

/** `shop1 shop2 blog1`: attempts with their groups, oldest first. */
function queue(names: string, lane: Lane = 'test'): PendingAttempt[] {
  return names.split(' ').map((attempt) => ({ attempt, lane, group: attempt.replace(/\d+$/, '') }));
}

function chosen(waiting: PendingAttempt[], free: Partial<FreeSlots>, served: Record<string, number> = {}): string {
  const offers = chooseOffers(waiting, { ...NO_SLOTS, ...free }, new Map(Object.entries(served)));
  return offers.map(({ attempt }) => attempt).join(' ');
}

describe('Offers', () => {
  it('are limited to the free slots, oldest first', () => {
    expect(chosen(queue('shop1 shop2 shop3'), { work: 2 })).toBe('shop1 shop2');
    expect(chosen(queue('shop1'), {})).toBe('');
    expect(chosen(queue('shop1'), { work: -1 })).toBe('');
    expect(chooseOffers([], { ...NO_SLOTS, work: 4 })).toEqual([]);
  });

  it.each<[Lane, keyof FreeSlots]>([
    ['plan', 'plan'],
    ['test', 'work'],
    ['build', 'work'],
    ['deploy', 'deploy'],
    ['notify', 'notify'],
  ])('of the lane %s use the slots of %s', (lane, pool) => {
    expect(poolOf(lane)).toBe(pool);
    expect(chosen(queue('shop1', lane), { [pool]: 1 })).toBe('shop1');
    expect(chosen(queue('shop1', lane), { plan: 1, work: 1, deploy: 1, notify: 1, [pool]: 0 })).toBe('');
  });

  it('of tests and builds share slots', () => {
    expect(chosen([...queue('shop1', 'build'), ...queue('shop2')], { work: 1 })).toBe('shop1');
  });

  it('of a full lane do not block another lane', () => {
    expect(chosen([...queue('shop1 shop2'), ...queue('shop3', 'deploy')], { deploy: 1 })).toBe('shop3');
  });
});

describe('Groups take turns', () => {
  it('so that 500 jobs of one group do not block another group', () => {
    const many = Array.from({ length: 500 }, (_, index) => `shop${index}`).join(' ');
    expect(chosen(queue(`${many} blog1`), { work: 2 })).toBe('shop0 blog1');
    expect(chosen(queue('shop1 shop2 shop3 blog1 wiki1 blog2'), { work: 6 })).toBe(
      'shop1 blog1 wiki1 shop2 blog2 shop3',
    );
  });

  it('and if slots free up one by one, the group that waited longest is next', () => {
    expect(chosen(queue('shop1 blog1'), { work: 1 })).toBe('shop1');
    expect(chosen(queue('shop2 blog1'), { work: 1 }, { shop: 1000 })).toBe('blog1');
    expect(chosen(queue('shop2 blog2'), { work: 1 }, { shop: 1000, blog: 2000 })).toBe('shop2');
  });
});
