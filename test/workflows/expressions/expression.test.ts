import { describe, expect, it } from 'vitest';
import type { Json } from '../../../src/jobs/json.ts';
import { evaluate } from '../../../src/workflows/expressions/expression.ts';

const contexts = {
  github: { ref: 'refs/heads/main', event: { Repository: { default_branch: 'main' }, labels: ['a', 'b'] } },
  env: { EMPTY: '', constructor: 'x', ['__proto__']: 'y' },
  matrix: { node: 20, list: [{ name: 'one' }, { name: 'two' }] },
};

function tenfold(inner: string): string {
  return `format('${'{0}'.repeat(10)}', ${inner})`;
}

function nested(times: number, wrap: (inner: string) => string, seed: string): string {
  return times === 0 ? seed : wrap(nested(times - 1, wrap, seed));
}

describe('An expression has the same value as on GitHub', () => {
  it.each<[string, Json]>([
    ['true', true],
    ['null', null],
    ["'it''s ''quoted'' thrice'''", "it's 'quoted' thrice'"],
    ['0x1F', 31],
    ['github.ref', 'refs/heads/main'],
    ['GitHub.REF', 'refs/heads/main'],
    ["github.event.repository['DEFAULT_BRANCH']", 'main'],
    ['github.event.nowhere.at.all', null],
    ['secrets.NONE', null],
    ["'MAIN' == 'main'", true],
    ["matrix.node == '20'", true],
    ['matrix.node >= 18 && matrix.node < 21', true],
    ["env.EMPTY || 'fallback'", 'fallback'],
    ['!env.EMPTY', true],
    ['matrix.list.*.name', ['one', 'two']],
    ['github.event == github.event', true],
    ["contains(github.event.labels, 'B')", true],
    ["startsWith(github.ref, 'REFS/')", true],
    ["endsWith(github.ref, 'main')", true],
    ["format('{0} {{x}} {1}', 'a', matrix.node)", 'a {x} 20'],
    ["join(github.event.labels, '-')", 'a-b'],
    ['toJSON(github.event.labels)', '[\n  "a",\n  "b"\n]'],
    ['fromJSON(\'{"a": [1, null]}\').a[0]', 1],
    ['fromJSON(\'[{"a":1}]\')', [{ a: 1 }]],
    ['env.constructor', 'x'],
    ['env.__proto__', 'y'],
    ['matrix.constructor', null],
    ['matrix.__proto__', null],
    ['fromJSON(\'{"__proto__": 1}\').__proto__', 1],
  ])('%s', (expression, value) => {
    expect(evaluate(expression, contexts)).toEqual(value);
  });

  it('returns an object unchanged', () => {
    expect(evaluate('github.event', contexts)).toEqual(contexts.github.event);
    expect(evaluate('toJSON(env)', contexts)).toBe(JSON.stringify(contexts.env, null, 2));
  });
});

describe('An invalid expression throws with the reason', () => {
  it.each([
    ['', 'The expression is empty'],
    ['github.', "Unexpected symbol: 'EOF' in the expression `github.`"],
    ['1 + 0', "Unexpected symbol: '+'"],
    ['nowhere.x', "Unrecognized named-value: 'nowhere' in the expression `nowhere.x`"],
    ['nothing()', "Unrecognized function: 'nothing' in the expression `nothing()`"],
    ['constructor(1)', "Unrecognized function: 'constructor'"],
    ['__proto__(1)', "Unrecognized function: '__proto__'"],
    ['hasOwnProperty(1)', "Unrecognized function: 'hasOwnProperty'"],
    ["'open", "Unexpected symbol: ''open'. Located at position 1 in the expression `'open`"],
    ["success('a')", "Too many parameters supplied: 'success' in the expression `success('a')`"],
    ['success()', 'success() may only be used in `if`'],
    ["hashFiles('x')", 'hashFiles() may only be used in steps'],
    ["fromJSON('{')", 'fromJSON: the argument is not valid JSON'],
    ["fromJSON('')", 'fromJSON: the argument is empty'],
    ["format('{1}', 'a')", 'The following format string references more arguments than were supplied: {1}'],
  ])('%s', (expression, message) => {
    expect(() => evaluate(expression, contexts)).toThrow(
      expect.objectContaining({ code: 'expression', message: expect.stringContaining(message) }),
    );
  });
});

it('An expression that is too deep or too long throws', () => {
  expect(() => evaluate(`${'('.repeat(60)}1${')'.repeat(60)}`, {})).toThrow('Exceeded max expression depth 50');
  expect(() => evaluate(`'${'x'.repeat(21_000)}'`, {})).toThrow('More than 21,000 characters in the expression');
});

describe('A hostile expression is evaluated in bounded time', () => {
  it.each([
    ['format that multiplies', nested(20, tenfold, "'xxxxxxxxxx'")],
    ['toJSON of toJSON', nested(40, (inner) => `toJSON(${inner})`, "'\"'")],
    ['join that multiplies', `join(fromJSON('[${'1,'.repeat(1000)}1]'), ${nested(5, tenfold, "'xxxxxxxxxx'")})`],
    ['fromJSON of a deep text', "fromJSON(format('{0}', env.DEEP))"],
    ['a chain of comparisons', `1${' == 1'.repeat(4000)}`],
  ])('%s', (_, expression) => {
    const deep = { env: { DEEP: '['.repeat(100_000) + ']'.repeat(100_000) } };
    const start = performance.now();
    try {
      evaluate(expression, deep);
    } catch (error) {
      expect(error).toMatchObject({ code: 'expression' });
    }
    expect(performance.now() - start).toBeLessThan(2000);
  });
});

it('hashFiles() calls the given function with its patterns', () => {
  expect(
    evaluate("hashFiles('a', format('{0}.lock', 'b'))", {}, { hash_files: (patterns) => patterns.join('+') }),
  ).toBe('a+b.lock');
});
