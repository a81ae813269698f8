import { describe, expect, it } from 'vitest';
import { parseAppFile } from '../../../src/workflows/app/app-file.ts';
import { parseWorkflow } from '../../../src/workflows/syntax/workflow-file.ts';

const good = 'on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: x\n';
const letters = 'abcdefghij'.split('');

/** Each line refers to the one above nine times. */
const bomb = letters
  .map(
    (letter, i) =>
      `${letter}: &${letter} [${Array(9)
        .fill(i === 0 ? 'x' : `*${letters[i - 1]}`)
        .join(', ')}]\n`,
  )
  .join('');

const FILES: [name: string, text: string, place: string, message: string][] = [
  ['an empty file', '', '1:1', ''],
  ['text', 'hello', '1:1', ''],
  ['an alias bomb', bomb, '1:1', 'The file has too many values after aliases are resolved'],
  ['a recursive alias', 'on: &a [*a]\n', '1:9', 'The value with the anchor &a contains itself'],
  ['an unknown alias', 'on: *a\n', '1:5', 'Unknown alias: no value above has the anchor &a'],
  ['2,000 aliases', `on: &a x\njobs: [${'*a, '.repeat(2000)}]\n`, '2:4008', 'The file has more than 1,000 aliases'],
  ['10,000 nested lists', `on: ${'['.repeat(10_000)}${']'.repeat(10_000)}\n`, '1:104', 'The file is nested too deeply'],
  ['10,000 nested items', `on:\n ${'- '.repeat(10_000)}\n`, '2:199', 'The file is nested too deeply'],
  ['a duplicate key', `${good}on: push\n`, '7:1', 'Duplicate key `on`'],
  ['a tab', 'on: push\njobs:\n\ta: 1\n', '3:1', 'Tabs are not allowed as indentation'],
  ['a scalar of 10 MB', `on: ${'x'.repeat(10_000_000)}\n`, '1:1', 'The file is larger than 512 KiB'],
  [
    '50,000 jobs',
    `on: push\njobs:\n${Array.from({ length: 50_000 }, (_, i) => ` a${i}:\n`).join('')}`,
    '10001:1',
    'The file has more than 10,000 lines',
  ],
  ['60,000 values in 30 lines', `- [${'a,'.repeat(2000)}]\n`.repeat(30), '17:', 'The file has too many values'],
  [
    '50,000 jobs in one line',
    `{${Array.from({ length: 50_000 }, (_, i) => `a${i}: 1,`).join('')}}`,
    '1:',
    'The file has too many values',
  ],
  ['a tag', 'on: !!js/function "x"\n', '1:5', 'Unresolved tag'],
  ['a known tag', 'on: !!binary aGk=\n', '1:14', 'Tags (`!!`) are not supported'],
  ['two documents', `${good}---\n${good}`, '7:1', 'Source contains multiple documents'],
  ['a list as a key', '? [a]\n: b\n', '1:3', 'all keys must be strings'],
];

/** Milliseconds; an idle machine takes a tenth of it. */
const LIMIT = 1000;

describe.each([
  ['a workflow', (text: string) => parseWorkflow('file.yml', text).annotations],
  ['gantry.yml', (text: string) => parseAppFile('file.yml', text).annotations],
])('as %s', (_, parse) => {
  it.each(FILES)('%s is rejected quickly, with an annotation', (_name, text, place, message) => {
    const start = performance.now();
    const [first] = parse(text);
    expect(performance.now() - start).toBeLessThan(LIMIT);
    expect(`${first?.line}:${first?.column}`).toContain(place);
    expect(first).toMatchObject({ path: 'file.yml', level: 'failure', message: expect.stringContaining(message) });
  });

  it('thousands of errors are reported as 50 annotations', () => {
    expect(parse('a: ]\n'.repeat(5000))).toHaveLength(50);
  });
});

/** A job with a matrix; `a` has the anchor, other jobs the alias. */
function job(id: string, list: string): string {
  const env = id === 'a' ? '&e { A: b }' : '*e';
  return `  ${id}:\n    runs-on: x\n    strategy: { matrix: { x: [${list}] } }\n    env: ${env}\n    steps: [{ run: x }]\n`;
}

it('1,000 aliases in a file of 24,000 values are resolved quickly', () => {
  const start = performance.now();
  const text = `on: push\njobs:\n${job('a', '1,'.repeat(24_000))}${job('b', '*e, '.repeat(999))}`;
  expect(parseWorkflow('file.yml', text).annotations).toEqual([]);
  expect(performance.now() - start).toBeLessThan(3 * LIMIT);
});

it('The parser does not throw for any prefix or mutation of a workflow', () => {
  const text = `${good}      - uses: actions/checkout@v4\n        with: { ref: "\${{ github.sha }}" }\n      - &x { run: "\${{ matrix.a['b'] }}" }\n      - *x\n`;
  for (let at = 0; at < text.length; at++) {
    parseWorkflow('file.yml', text.slice(0, at));
    for (const character of ['[', '\t', '*', '"', '${{', ': '])
      parseWorkflow('file.yml', text.slice(0, at) + character + text.slice(at + 1));
  }
});
