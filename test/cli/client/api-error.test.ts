import { expect, test } from 'vitest';
import { toCliError } from '../../../src/cli/client/api-error.ts';
import { exitOf } from '../../../src/cli/terminal/exit.ts';

const URL = 'http://gantry.test';

test.each([
  [400, 2],
  [401, 4],
  [403, 4],
  [404, 3],
  [409, 1],
  [422, 2],
  [500, 1],
  [503, 5],
])('A %i ends with %i', (status, code) => {
  expect(exitOf(toCliError(status, '', URL))).toBe(code);
});

test('What the server says is said once, with the places that it names', () => {
  const body = JSON.stringify({ detail: 'No.', errors: [{ in: 'body', pointer: '#/name', detail: 'not owner/name' }] });
  expect(toCliError(422, body, URL).message).toBe('No.\n  #/name: not owner/name');
  const told = JSON.stringify({
    detail: 'not owner/name',
    errors: [{ in: 'body', pointer: '#/name', detail: 'not owner/name' }],
  });
  expect(toCliError(422, told, URL).message).toBe('not owner/name');
});

test('An answer that is no problem document is told by its status', () => {
  expect(toCliError(502, '<html>', URL).message).toBe('the server answered 502');
});
