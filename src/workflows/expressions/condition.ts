import { falsy } from '@actions/expressions/result';
import type { Contexts } from '../../jobs/run/plan.ts';
import { callsIn, evaluateTree, parseExpression } from './expression.ts';
import { type ExpressionFunctions, STATUS_FUNCTIONS, type Status } from './expression-functions.ts';
import { segmentsOf } from './template.ts';

/**
 * Whether an `if` holds; `status` is how the job, or what it needs, went so far. As on GitHub an expression that calls
 * none of success(), failure(), cancelled() and always() holds only after success. Throws ExpressionError.
 */
export function evaluateCondition(
  expression: string,
  contexts: Contexts,
  status: Status,
  functions: ExpressionFunctions = {},
): boolean {
  const tree = parseExpression(expression);
  const calls = callsIn(tree);
  if (!STATUS_FUNCTIONS.some((name) => calls.has(name)) && status !== 'succeeded') return false;
  return !falsy(evaluateTree(tree, contexts, { ...functions, status }));
}

/** The expression that the text of an `if` means: around a whole value `${{ }}` may be left out. */
export function conditionOf(text: string): string {
  if (text.trim() === '') return 'success()';
  const segments = segmentsOf(text.trim());
  const [only] = segments;
  if (only === undefined || segments.every((segment) => segment.kind === 'text')) return text.trim();
  if (segments.length === 1) return only.text.trim();
  return asFormat(text.trim());
}

/** `${{ a }} && b` is text with a value in it, never empty and so always true: GitHub reads it so, and so do we. */
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
