import type { Json, JsonObject } from '../../jobs/json.ts';
import type { Contexts } from '../../jobs/run/plan.ts';
import { contextsIn, evaluateTree, parseExpression } from './expression.ts';
import { toJson } from './expression-data.ts';
import { ExpressionError } from './expression-error.ts';
import type { ExpressionFunctions } from './expression-functions.ts';

/** A part of a template, which is text with expressions in `${{ }}`. */
export interface Segment {
  kind: 'text' | 'expression';
  text: string;
}

/** Replaces expressions by their values: null is empty, a list is `Array`, an object is `Object`. Throws ExpressionError. */
export function interpolate(template: string, contexts: Contexts, functions: ExpressionFunctions = {}): string {
  return segmentsOf(template)
    .map(({ kind, text }) =>
      kind === 'text' ? text : evaluateTree(parseExpression(text), contexts, functions).coerceString(),
    )
    .join('');
}

/** Interpolates all strings of a value. A string that is one expression becomes a value of any type. */
export function interpolateJson(value: Json, contexts: Contexts): Json {
  if (typeof value === 'string') return interpolateValue(value, contexts);
  if (Array.isArray(value)) return value.map((item) => interpolateJson(item, contexts));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, interpolateJson(item, contexts)]),
  ) satisfies JsonObject;
}

export function hasExpressions(template: string): boolean {
  return template.includes('${{');
}

/** The contexts that a template reads. Throws ExpressionError. */
export function contextsOf(template: string): Set<string> {
  const expressions = segmentsOf(template).filter((segment) => segment.kind === 'expression');
  return new Set(expressions.flatMap((segment) => [...contextsIn(parseExpression(segment.text))]));
}

/** `}}` in a string of an expression does not end the expression. */
export function segmentsOf(template: string): Segment[] {
  const segments: Segment[] = [];
  let at = 0;
  while (at < template.length) {
    const start = template.indexOf('${{', at);
    if (start > at || start < 0)
      segments.push({ kind: 'text', text: template.slice(at, start < 0 ? undefined : start) });
    if (start < 0) break;
    const end = endOf(template, start + 3);
    segments.push({ kind: 'expression', text: template.slice(start + 3, end) });
    at = end + 2;
  }
  return segments;
}

function endOf(template: string, start: number): number {
  let quoted = false;
  for (let at = start; at < template.length; at++) {
    if (template[at] === "'") quoted = !quoted;
    else if (!quoted && template[at] === '}' && template[at + 1] === '}') return at;
  }
  throw new ExpressionError('The expression is not closed: `}}` is missing');
}

function interpolateValue(template: string, contexts: Contexts): Json {
  const segments = segmentsOf(template);
  const [only] = segments;
  if (segments.length !== 1 || only?.kind !== 'expression') return interpolate(template, contexts);
  return toJson(evaluateTree(parseExpression(only.text), contexts, {}));
}
