import assert from 'node:assert/strict';
import { test } from 'node:test';
import { greet, release } from './greet.js';

test('The shop greets with its release', () => {
  assert.equal(greet('Hello'), `Hello to the shop, release ${release}.`);
  assert.equal(greet(), `Welcome to the shop, release ${release}.`);
});
