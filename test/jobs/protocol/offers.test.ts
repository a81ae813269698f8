import { describe, expect, it } from 'vitest';
import { chooseOffers, type FreeSlots, type PendingAttempt, poolOf } from '../../../src/jobs/protocol/offers.ts';
import type { Lane } from '../../../src/jobs/run/plan.ts';

const NONE: FreeSlots = { plan: 0, work: 0, deploy: 0, notify: 0 };

/** `shop1 shop2 blog1`: attempts of groups, in the order in which they came. */
function queue(names: string, lane: Lane = 'test'): PendingAttempt[] {
  return names.split(' ').map((attempt) => ({ attempt, lane, group: attempt.replace(/\d+$/, '') }));
}

function chosen(waiting: PendingAttempt[], free: Partial<FreeSlots>, served: Record<string, number> = {}): string {
  const offers = chooseOffers(waiting, { ...NONE, ...free }, new Map(Object.entries(served)));
  return offers.map(({ attempt }) => attempt).join(' ');
}

describe('Offers', () => {
  it('are no more than there are free slots, the oldest first', () => {
    expect(chosen(queue('shop1 shop2 shop3'), { work: 2 })).toBe('shop1 shop2');
    expect(chosen(queue('shop1'), {})).toBe('');
    expect(chosen(queue('shop1'), { work: -1 })).toBe('');
    expect(chooseOffers([], { ...NONE, work: 4 })).toEqual([]);
  });

  it.each<[Lane, keyof FreeSlots]>([
    ['plan', 'plan'],
    ['test', 'work'],
    ['build', 'work'],
    ['deploy', 'deploy'],
    ['notify', 'notify'],
  ])('of the lane %s take slots of %s', (lane, pool) => {
    expect(poolOf(lane)).toBe(pool);
    expect(chosen(queue('shop1', lane), { [pool]: 1 })).toBe('shop1');
    expect(chosen(queue('shop1', lane), { plan: 1, work: 1, deploy: 1, notify: 1, [pool]: 0 })).toBe('');
  });

  it('of tests and builds share what is free', () => {
    expect(chosen([...queue('shop1', 'build'), ...queue('shop2')], { work: 1 })).toBe('shop1');
  });

  it('of a full lane do not keep back those of another', () => {
    expect(chosen([...queue('shop1 shop2'), ...queue('shop3', 'deploy')], { deploy: 1 })).toBe('shop3');
  });
});

describe('Groups take turns', () => {
  it('so that five hundred jobs of one do not keep another waiting', () => {
    const many = Array.from({ length: 500 }, (_, index) => `shop${index}`).join(' ');
    expect(chosen(queue(`${many} blog1`), { work: 2 })).toBe('shop0 blog1');
    expect(chosen(queue('shop1 shop2 shop3 blog1 wiki1 blog2'), { work: 6 })).toBe(
      'shop1 blog1 wiki1 shop2 blog2 shop3',
    );
  });

  it('also where slots come free one by one: next is the one whose last turn is longest ago', () => {
    expect(chosen(queue('shop1 blog1'), { work: 1 })).toBe('shop1');
    expect(chosen(queue('shop2 blog1'), { work: 1 }, { shop: 1000 })).toBe('blog1');
    expect(chosen(queue('shop2 blog2'), { work: 1 }, { shop: 1000, blog: 2000 })).toBe('shop2');
  });
});
