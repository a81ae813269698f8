import { expect, test } from 'vitest';
import { restartBackoff } from '../../../src/cli/supervision/restarts.ts';

test('Pauses double from 1 s to 30 s, and start again at 1 s after a minute without restarts', () => {
  let now = 0;
  const pauses = restartBackoff(() => now);
  const next = () => {
    const pause = pauses.next();
    now += pause;
    return pause;
  };
  expect([next(), next(), next(), next(), next(), next(), next()]).toEqual([
    1000, 2000, 4000, 8000, 16_000, 30_000, 30_000,
  ]);
  now += 61_000;
  expect(next()).toBe(1000);
});
