import { expect, test } from 'vitest';
import { ago, duration, took } from '../../../src/cli/terminal/time.ts';

test.each([
  [0, '0.0 s'],
  [349, '0.3 s'],
  [9_960, '10 s'],
  [59_400, '59 s'],
  [200_000, '3 min 20 s'],
  [7_500_000, '2 h 5 min'],
  [-5, '0.0 s'],
])('%i ms is formatted as %s', (ms, text) => {
  expect(duration(ms)).toBe(text);
});

test('A duration is empty without a start, and lasts until now without an end', () => {
  const now = Date.parse('2026-01-01T00:00:10Z');
  expect(took(null, null, now)).toBe('');
  expect(took('2026-01-01T00:00:06Z', null, now)).toBe('4.0 s');
  expect(took('2026-01-01T00:00:00Z', '2026-01-01T00:00:02Z', now)).toBe('2.0 s');
});

test('Elapsed time is shown in the largest unit that fits', () => {
  const now = Date.parse('2026-01-10T00:00:00Z');
  expect(ago(null, now)).toBe('');
  expect(ago('2026-01-09T23:59:30Z', now)).toBe('30 s ago');
  expect(ago('2026-01-09T23:01:00Z', now)).toBe('59 min ago');
  expect(ago('2026-01-09T01:00:00Z', now)).toBe('23 h ago');
  expect(ago('2026-01-05T00:00:00Z', now)).toBe('5 days ago');
});
