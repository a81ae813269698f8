import { describe, expect, it } from 'vitest';
import { compileGlob } from '../../src/workflows/glob.ts';

// The examples of GitHub's cheat sheet for filter patterns, and edge cases.
describe.each<[pattern: string, yes: string[], no: string[]]>([
  ['feature/*', ['feature/my-branch', 'feature/your-branch'], ['feature/beta-a/my-branch', 'feature', 'x/feature/a']],
  ['feature/**', ['feature/my-branch', 'feature/beta-a/my-branch'], ['feature']],
  ['main', ['main'], ['Main', 'main2', 'amain', '']],
  ['*', ['main', 'releases', 'all-the-branches', ''], ['releases/x']],
  ['**', ['all/the/branches', 'every/tag', ''], []],
  ['*feature', ['mona-feature', 'feature', 'ver-10-feature'], ['a/feature']],
  ['v2*', ['v2', 'v2.0', 'v2.9'], ['v3']],
  ['v[12].[0-9]+.[0-9]+', ['v1.10.1', 'v2.0.0'], ['v3.0.0', 'v1.a.0', 'v1..0']],
  ['*.jsx?', ['page.js', 'page.jsx'], ['page.jsxx', 'a/page.js']],
  ['**.js', ['index.js', 'js/index.js', 'src/js/app.js'], ['index.jsx']],
  ['docs/*', ['docs/README.md', 'docs/file.txt'], ['docs/a/b']],
  ['docs/**', ['docs/README.md', 'docs/mona/octocat.txt'], ['docs', 'adocs/x']],
  ['docs/**/*.md', ['docs/README.md', 'docs/mona/hello-world.md', 'docs/a/markdown/file.md'], ['docs/a.txt']],
  ['**/docs/**', ['docs/hello.md', 'dir/docs/my-file.txt', 'space/docs/plan/space.doc'], ['xdocs/a', 'docs']],
  ['**/README.md', ['README.md', 'js/README.md', 'a/b/README.md'], ['XREADME.md', 'js/xREADME.md']],
  ['**/*src/**', ['a/src/app.js', 'my-src/code/js/app.js'], ['src']],
  ['**/*-post.md', ['my-post.md', 'path/their-post.md'], ['post.md']],
  ['**/migrate-*.sql', ['migrate-10909.sql', 'db/migrate-v1.0.sql', 'db/sept/migrate-v1.sql'], ['db/a.sql']],
  ['[CDB]at', ['Cat', 'Dat', 'Bat'], ['cat', 'at']],
  ['[1-2]00', ['100', '200'], ['300']],
  ['ab+', ['ab', 'abbb'], ['a', 'abab']],
  ['\\*\\?\\[x\\]\\!', ['*?[x]!'], ['a?[x]!']],
  ['a.c', ['a.c'], ['abc']],
  ['(a|b)$', ['(a|b)$'], ['a', 'b']],
  ['**/**/x', ['x', 'a/x', 'a/b/c/x'], ['ax']],
  ['+?', ['+', ''], ['++']],
])('%s', (pattern, yes, no) => {
  const glob = compileGlob(pattern);
  it.each(yes)('matches `%s`', (text) => {
    expect(glob?.(text)).toBe(true);
  });
  it.each(no)('does not match `%s`', (text) => {
    expect(glob?.(text)).toBe(false);
  });
});

it.each(['[a', '[', 'x'.repeat(1001)])('`%s` is not a valid pattern', (pattern) => {
  expect(compileGlob(pattern)).toBeNull();
});

describe('A hostile pattern is matched in linear time', () => {
  it.each([
    ['(a+)+$', 1],
    ['a+', 30],
    ['a?', 200],
    ['**/', 100],
    ['*a', 50],
    ['**a', 50],
  ])('%s, %i times', (part, times) => {
    const pattern = part.repeat(times);
    const text = 'a'.repeat(30_000);
    const start = performance.now();
    expect(compileGlob(pattern)?.(`${text}!`)).toBe(false);
    expect(performance.now() - start).toBeLessThan(5000);
  });
});
