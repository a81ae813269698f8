import { falsy } from '@actions/expressions/result';
import type { PriorStatus } from '../../jobs/run/advance.ts';
import type { Contexts } from '../../jobs/run/plan.ts';
import { callsIn, evaluateTree, parseExpression } from './expression.ts';
import { type ExpressionFunctions, STATUS_FUNCTIONS } from './expression-functions.ts';
import { segmentsOf } from './template.ts';

/**
 * Evaluates an `if`. `status` is the result so far of the job, or of the jobs that it needs. As on GitHub, an expression
 * without success(), failure(), cancelled() or always() is true only after success. Throws ExpressionError.
 */
export function evaluateCondition(
  expression: string,
  contexts: Contexts,
  status: PriorStatus,
  functions: ExpressionFunctions = {},
): boolean {
  const tree = parseExpression(expression);
  const calls = callsIn(tree);
  if (!STATUS_FUNCTIONS.some((name) => calls.has(name)) && status !== 'succeeded') return false;
  return !falsy(evaluateTree(tree, contexts, { ...functions, status }));
}

/** The expression of an `if`. `${{ }}` around the whole text is optional and is removed. */
export function conditionOf(text: string): string {
  if (text.trim() === '') return 'success()';
  const segments = segmentsOf(text.trim());
  const [only] = segments;
  if (only === undefined || segments.every((segment) => segment.kind === 'text')) return text.trim();
  if (segments.length === 1) return only.text.trim();
  return asFormat(text.trim());
}

/** As on GitHub, `${{ a }} && b` is text with an interpolated value, and text that is not empty is true. */
export function isAlwaysTrue(text: string): boolean {
  const segments = segmentsOf(text.trim());
  return segments.length > 1 && segments.some((segment) => segment.kind === 'expression');
}

function asFormat(text: string): string {
  const values: string[] = [];
  const parts = segmentsOf(text).map((segment) => {
    if (segment.kind === 'text') return segment.text.replace(/[{}']/g, '$&$&');
    values.push(segment.text);
    return `{${values.length - 1}}`;
  });
  return `format('${parts.join('')}', ${values.join(', ')})`;
}
