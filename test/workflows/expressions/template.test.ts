import { describe, expect, it } from 'vitest';
import type { Json } from '../../../src/jobs/json.ts';
import { contextsOf, interpolate, interpolateJson } from '../../../src/workflows/expressions/template.ts';

const contexts = { env: { A: 'a', NULL: null, YES: true, HALF: 0.5, LIST: [1], OBJECT: {} } };

describe('a template shows values as GitHub does', () => {
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

  it('does not evaluate what an expression gives', () => {
    expect(interpolate('${{ env.T }}', { env: { T: '${{ secrets.KEY }}' } })).toBe('${{ secrets.KEY }}');
  });

  it('an expression that is not closed is an error', () => {
    expect(() => interpolate('a ${{ env.A', contexts)).toThrow('`}}` is missing');
  });
});

it('a string that is one expression keeps its type within a value', () => {
  const value: Json = { a: ['${{ env.HALF }}', 'n${{ env.HALF }}'], b: '${{ env.LIST }}', c: 1, d: null };
  expect(interpolateJson(value, contexts)).toEqual({ a: [0.5, 'n0.5'], b: [1], c: 1, d: null });
});

it('names the contexts that it reads', () => {
  expect(contextsOf("${{ Needs.a.result == matrix['x'] }} ${{ format('github.{0}', env.A) }}")).toEqual(
    new Set(['needs', 'matrix', 'env']),
  );
});
