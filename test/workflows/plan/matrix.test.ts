import { describe, expect, it } from 'vitest';
import type { Json } from '../../../src/jobs/json.ts';
import { expandMatrix } from '../../../src/workflows/plan/matrix.ts';

function valuesOf(matrix: Json): Json {
  const expanded = expandMatrix(matrix);
  return 'cells' in expanded ? expanded.cells.map((cell) => cell.values) : expanded.problem;
}

function labelsOf(matrix: Json): string[] {
  const expanded = expandMatrix(matrix);
  return 'cells' in expanded ? expanded.cells.map((cell) => cell.labels.join(', ')) : [];
}

describe('A matrix has the same cells as on GitHub', () => {
  it.each<[string, Json, Json]>([
    ['one list', { node: [20, 22] }, [{ node: 20 }, { node: 22 }]],
    [
      'two lists, the last one fastest',
      { os: ['a', 'b'], node: [1, 2] },
      [
        { os: 'a', node: 1 },
        { os: 'a', node: 2 },
        { os: 'b', node: 1 },
        { os: 'b', node: 2 },
      ],
    ],
    [
      'exclude, case-insensitive and across types',
      { os: ['Linux', 'mac'], node: [1, 2], exclude: [{ OS: 'linux', node: '1' }, { os: 'mac' }] },
      [{ os: 'Linux', node: 2 }],
    ],
    [
      'exclude by a part of an object',
      {
        v: [
          { a: 1, b: 1 },
          { a: 1, b: 2 },
        ],
        exclude: [{ v: { b: 2 } }],
      },
      [{ v: { a: 1, b: 1 } }],
    ],
    ['include alone', { include: [{ a: 1 }, { b: 2 }] }, [{ a: 1 }, { b: 2 }]],
    [
      'the example of the documentation',
      {
        fruit: ['apple', 'pear'],
        animal: ['cat', 'dog'],
        include: [
          { color: 'green' },
          { color: 'pink', animal: 'cat' },
          { fruit: 'apple', shape: 'circle' },
          { fruit: 'banana' },
          { fruit: 'banana', animal: 'cat' },
        ],
      },
      [
        { fruit: 'apple', animal: 'cat', color: 'pink', shape: 'circle' },
        { fruit: 'apple', animal: 'dog', color: 'green', shape: 'circle' },
        { fruit: 'pear', animal: 'cat', color: 'pink' },
        { fruit: 'pear', animal: 'dog', color: 'green' },
        { fruit: 'banana' },
        { fruit: 'banana', animal: 'cat' },
      ],
    ],
    [
      'an include that matches only an excluded combination is another cell',
      { a: [1, 2], exclude: [{ a: 2 }], include: [{ a: 2, x: 1 }] },
      [{ a: 1 }, { a: 2, x: 1 }],
    ],
    [
      'keys with the names of inherited properties',
      { constructor: [1], include: [{ toString: 2 }] },
      [{ constructor: 1, toString: 2 }],
    ],
  ])('%s', (_, matrix, values) => {
    expect(valuesOf(matrix)).toEqual(values);
  });
});

it('Labels are the scalars of the keys of the matrix itself', () => {
  expect(
    labelsOf({
      v: [{ node: 20, tags: ['x', '', null] }],
      on: [true, 1.5],
      include: [{ v: { node: 20 }, extra: 'e' }, { z: 'alone' }],
    }),
  ).toEqual(['20, x, true', '20, x, 1.5']);
  expect(labelsOf({ a: [1], include: [{ a: 2, extra: 'shown' }] })).toEqual(['1', '2, shown']);
});

describe('An invalid matrix has a problem', () => {
  const thousand = Array.from({ length: 1000 }, (_, i) => i);
  it.each<[Json, string]>([
    ['x', '`matrix` must be a mapping of names to lists'],
    [{ a: 1 }, 'The matrix key `a` must be a list'],
    [{ a: [] }, 'The matrix key `a` is an empty list'],
    [{}, 'The matrix has no jobs'],
    [{ a: [1], exclude: [{ a: 1 }] }, 'The matrix has no jobs'],
    [{ a: [1], exclude: [{ b: 1 }] }, '`exclude` uses `b`, which is not a key of the matrix'],
    [{ a: [1], include: 'x' }, '`include` and `exclude` of a matrix must be lists of mappings'],
    [{ a: thousand, b: thousand }, 'The matrix has 1000000 jobs; the limit is 256'],
    [{ a: thousand, b: thousand, exclude: [{ a: 1 }] }, 'The matrix has 1000000 jobs; the limit is 256'],
    [{ include: thousand.map((a) => ({ a })) }, 'The matrix has 1000 jobs; the limit is 256'],
  ])('%#', (matrix, problem) => {
    expect(expandMatrix(matrix)).toEqual({ problem });
  });

  it('A matrix may have 256 jobs', () => {
    expect(valuesOf({ a: thousand.slice(0, 16), b: thousand.slice(0, 16) })).toHaveLength(256);
  });
});
