import { expect, test } from 'vitest';
import { poolSizes, Slots } from '../../src/workers/slots.ts';

test('Plans and reports have two slots each, deploy has one, and test and build share the rest', () => {
  expect(poolSizes(4)).toEqual({ plan: 2, notify: 2, work: 3, deploy: 1 });
  expect(poolSizes(2)).toEqual({ plan: 2, notify: 2, work: 1, deploy: 1 });
});

test('Test and build share their slots', () => {
  const slots = new Slots(3);
  expect([slots.take('test', 'att_1'), slots.take('build', 'att_2'), slots.take('test', 'att_3')]).toEqual([
    true,
    true,
    false,
  ]);
  expect(slots.free).toEqual({ plan: 2, notify: 2, work: 0, deploy: 1 });
  slots.release('att_2');
  expect(slots.take('build', 'att_3')).toBe(true);
});

test('Running tests never take the slot of deploy', () => {
  const slots = new Slots(2);
  slots.take('test', 'att_1');
  expect(slots.take('deploy', 'att_2')).toBe(true);
});

test('An attempt that is already held is not taken again', () => {
  const slots = new Slots(4);
  expect([slots.take('test', 'att_1'), slots.take('test', 'att_1')]).toEqual([true, false]);
  expect(slots.held).toEqual(['att_1']);
});
