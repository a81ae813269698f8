import { describe, expect, test } from 'vitest';
import { isReserved, parseEnvFile, parsePathFile } from '../../../src/engine/steps/env-file.ts';

describe('The format of GITHUB_OUTPUT', () => {
  test.each([
    [
      'a=1\nb=\n',
      [
        ['a', '1'],
        ['b', ''],
      ],
    ],
    ['a=x=y<<z', [['a', 'x=y<<z']]],
    [
      'a<<END\none\n\ntwo=2\nEND\nb=1',
      [
        ['a', 'one\n\ntwo=2'],
        ['b', '1'],
      ],
    ],
    ['a<<E=F\nx\nE=F', [['a', 'x']]],
    [
      'a=1\r\nb<<E\r\nx\r\nE\r\n',
      [
        ['a', '1'],
        ['b', 'x'],
      ],
    ],
    ['a<<E\nE\n', [['a', '']]],
    ['', []],
  ])('%j contains the entries %j', (text, entries) => {
    expect(parseEnvFile(text)).toEqual({ entries, problem: null });
  });

  test.each([
    ['ok=1\nnonsense', 'line 2 is neither `name=value` nor `name<<END`'],
    ['=value', 'line 1 is neither `name=value` nor `name<<END`'],
    ['a<<END\nx\n', 'line 1: the line `END`, which ends the value of `a`, is missing'],
    ['a<<\n\n', 'line 1: `a<<` has no delimiter'],
  ])('%j is an error with its line', (text, problem) => {
    expect(parseEnvFile(text).problem).toBe(problem);
  });
});

test('Gantry’s own variables and NODE_OPTIONS cannot be set for later steps', () => {
  expect(['GITHUB_SHA', 'github_x', 'RUNNER_TEMP', 'NODE_OPTIONS', 'node_options'].every(isReserved)).toBe(true);
  expect(['PATH', 'MY_GITHUB', 'NODE_ENV'].some(isReserved)).toBe(false);
});

test('The folder added to PATH last is searched first', () => {
  expect(parsePathFile('/a\n/b\n\n')).toEqual(['/b', '/a']);
});
