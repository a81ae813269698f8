import { expect, test } from 'vitest';
import { parseBuildInputs } from '../../../src/engine/build/build-inputs.ts';

test('Tags are separated by commas or lines; those reserved for Gantry are refused', () => {
  expect(parseBuildInputs({ tags: 'a:1, b:2\nc' }).tags).toEqual(['a:1', 'b:2', 'c']);
  for (const tag of [
    'gantry-release/shop/production:x',
    'gantry-build/a:1',
    'docker.io/gantry/runner',
    'gantry/runner:latest',
  ])
    expect(() => parseBuildInputs({ tags: tag })).toThrow(/reserved for Gantry/);
});

test('A push without tags and a pair without a value are refused', () => {
  expect(() => parseBuildInputs({ push: 'true' })).toThrow(/needs `tags`/);
  expect(() => parseBuildInputs({ 'build-args': 'NOVALUE' })).toThrow(/NAME=value/);
});
