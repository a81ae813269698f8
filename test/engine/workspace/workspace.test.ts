import { expect, test } from 'vitest';
import { componentsOf } from '../../../src/engine/workspace/workspace.ts';

test.each([['a/../b'], ['/etc'], ['a\0b']])('The path %j is outside the workspace', (path) => {
  expect(() => componentsOf(path)).toThrow(/not inside the workspace/);
});

test('A path in the workspace can be given as the container sees it', () => {
  expect(componentsOf('/github/workspace/a/./b/')).toEqual(['a', 'b']);
});
