import { dirname } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseFilePatterns } from '../../../src/engine/workspace/hash-patterns.ts';

describe('File patterns', () => {
  const files = ['a.lock', 'b.lock', '.hidden/c.lock', 'src/a.ts', 'src/deep/b.ts', 'src/deep/b.js', 'c++/x+', 'x'];
  test.each<[string[], string[]]>([
    [['*.lock'], ['a.lock', 'b.lock']],
    [['**/*.lock'], ['a.lock', 'b.lock', '.hidden/c.lock']],
    [
      ['**/*.lock', '!.hidden'],
      ['a.lock', 'b.lock'],
    ],
    [
      ['!a.lock', '*.lock'],
      ['a.lock', 'b.lock'],
    ],
    [['**/*.ts\n# all but\n  ! src/deep/**  \n\n'], ['src/a.ts']],
    [['src'], ['src/a.ts', 'src/deep/b.ts', 'src/deep/b.js']],
    [['src/deep/'], ['src/deep/b.ts', 'src/deep/b.js']],
    [['a.lock/'], []],
    [['src/**/b.?s'], ['src/deep/b.ts', 'src/deep/b.js']],
    [['./[ab].lock'], ['a.lock', 'b.lock']],
    [['**.ts'], []],
    [['c++/x+'], ['c++/x+']],
    [['/github/workspace/x', '/etc/passwd', '~/x'], ['x']],
    [['!x'], []],
  ])('%j', (patterns, wanted) => {
    const found = parseFilePatterns(patterns);
    expect(files.filter(found.matches)).toEqual(wanted);
    for (const file of wanted) expect(dirname(file) === '.' || found.reaches(dirname(file))).toBe(true);
  });

  test('are rejected where they are ambiguous', () => {
    for (const pattern of ['../x', 'a/./b', '[a', 'a[!b]', 'x'.repeat(1001)])
      expect(() => parseFilePatterns([pattern])).toThrow(/^hashFiles\(\): /);
  });

  test('reach only folders in which a file could match', () => {
    const found = parseFilePatterns(['packages/*/x.lock', 'y.lock', '!node_modules']);
    expect(['packages', 'packages/a', 'node_modules', 'src'].map(found.reaches)).toEqual([true, true, false, false]);
  });
});
