import { describe, expect, it } from 'vitest';
import type { Json } from '../../../src/jobs/json.ts';
import { contextsOf, interpolate, interpolateJson } from '../../../src/workflows/expressions/template.ts';

const contexts = { env: { A: 'a', NULL: null, YES: true, HALF: 0.5, LIST: [1], OBJECT: {} } };

describe('A template is interpolated as on GitHub', () => {
  it.each([
    ['plain', 'plain'],
    ['', ''],
    ['${{ env.A }}', 'a'],
    ['x${{ env.A }}y${{env.A}}z', 'xayaz'],
    ['[${{ env.NULL }}]', '[]'],
    ['${{ env.YES }} ${{ env.HALF }}', 'true 0.5'],
    ['${{ env.LIST }} ${{ env.OBJECT }}', 'Array Object'],
    ["${{ '}}' }} ${{ '${{ x }}' }}", '}} ${{ x }}'],
    ["${{ 'it''s' }}", "it's"],
    ['$ {{ }} $${A}', '$ {{ }} $${A}'],
  ])('%s', (template, text) => {
    expect(interpolate(template, contexts)).toBe(text);
  });

  it('The value of an expression is not evaluated again', () => {
    expect(interpolate('${{ env.T }}', { env: { T: '${{ secrets.KEY }}' } })).toBe('${{ secrets.KEY }}');
  });

  it('An unclosed expression throws', () => {
    expect(() => interpolate('a ${{ env.A', contexts)).toThrow('`}}` is missing');
  });
});

it('A string that is one expression becomes a value of any type', () => {
  const value: Json = { a: ['${{ env.HALF }}', 'n${{ env.HALF }}'], b: '${{ env.LIST }}', c: 1, d: null };
  expect(interpolateJson(value, contexts)).toEqual({ a: [0.5, 'n0.5'], b: [1], c: 1, d: null });
});

it('contextsOf lists the contexts that a template reads', () => {
  expect(contextsOf("${{ Needs.a.result == matrix['x'] }} ${{ format('github.{0}', env.A) }}")).toEqual(
    new Set(['needs', 'matrix', 'env']),
  );
});
