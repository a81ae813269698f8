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
])('Status %i exits with %i', (status, code) => {
  expect(exitOf(toCliError(status, '', URL))).toBe(code);
});

test('The message of the server is shown once, with the invalid parts', () => {
  const body = JSON.stringify({ detail: 'No.', errors: [{ in: 'body', pointer: '#/name', detail: 'not owner/name' }] });
  expect(toCliError(422, body, URL).message).toBe('No.\n  #/name: not owner/name');
  const repeated = JSON.stringify({
    detail: 'not owner/name',
    errors: [{ in: 'body', pointer: '#/name', detail: 'not owner/name' }],
  });
  expect(toCliError(422, repeated, URL).message).toBe('not owner/name');
});

test('A response that is not a problem document is described by its status', () => {
  expect(toCliError(502, '<html>', URL).message).toBe('the server answered with status 502');
});
