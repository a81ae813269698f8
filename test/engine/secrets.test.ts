import { describe, expect, test } from 'vitest';
import { Secrets } from '../../src/engine/secrets.ts';

const values = (count: number) => Array.from({ length: count }, (_, i) => `value-${i}-`);

describe('The secrets of a job', () => {
  test('are hidden in texts', () => {
    const secrets = new Secrets();
    secrets.add(['abc', 'abcdef', ' ', 'x']);
    expect(secrets.hide('abcdef abc d x')).toBe('*** *** d ***');
    expect([secrets.isIn('has abc'), secrets.isIn('has none of them')]).toEqual([true, false]);
  });

  test('can be more than the limit, but then steps can mask only what is already masked', () => {
    const secrets = new Secrets();
    secrets.add(values(10_001));
    expect(secrets.hide('value-10000-')).toBe('***');
    expect([secrets.refuse('value-1-'), secrets.refuse(' '), secrets.refused]).toEqual([null, null, false]);
    expect(secrets.refuse('another')).toBe('a job can mask at most 10000 values');
    expect(secrets.refused).toBe(true);
    expect(secrets.hide('value-10000- another')).toBe('*** another');
  });

  test('count with all the encodings in which the log hides them', () => {
    const secrets = new Secrets();
    secrets.add(['"'.repeat(400_000)]);
    expect(secrets.refuse('another')).toBe(
      'the values that a job masks can have at most 2097152 characters in all the encodings that the log hides',
    );
  });
});
