import { type data, Evaluator, type Expr, Lexer, Parser } from '@actions/expressions';
import { Binary, ContextAccess, FunctionCall, Grouping, IndexAccess, Logical, Unary } from '@actions/expressions/ast';
import { type Token, TokenType } from '@actions/expressions/lexer';
import { messageOf } from '../../error.ts';
import type { Json } from '../../jobs/json.ts';
import type { Contexts } from '../../jobs/run/plan.ts';
import { contextData, toJson } from './expression-data.ts';
import { ExpressionError } from './expression-error.ts';
import { checkCall, type ExpressionFunctions, functionsFor } from './expression-functions.ts';

/** All contexts. A context without a value is null. */
const CONTEXTS = [
  'github',
  'env',
  'vars',
  'secrets',
  'needs',
  'strategy',
  'matrix',
  'job',
  'runner',
  'steps',
  'inputs',
];

/** The value of an expression, written without `${{ }}`. Throws ExpressionError. */
export function evaluate(expression: string, contexts: Contexts, functions: ExpressionFunctions = {}): Json {
  return toJson(evaluateTree(parseExpression(expression), contexts, functions));
}

/** Throws ExpressionError for bad syntax and for unknown contexts or functions. */
export function parseExpression(expression: string): Expr {
  if (expression.trim() === '') throw new ExpressionError('The expression is empty');
  return withExpressionErrors(expression, () => {
    const { tokens } = new Lexer(expression).lex();
    const tree = new Parser(tokens.map(unescapeQuotes), CONTEXTS, functionsFor({})).parse();
    for (const node of nodesOf(tree)) if (node instanceof FunctionCall) checkCall(node);
    return tree;
  });
}

export function evaluateTree(tree: Expr, contexts: Contexts, functions: ExpressionFunctions): data.ExpressionData {
  return withExpressionErrors(null, () =>
    new Evaluator(
      tree,
      contextData(contexts, CONTEXTS),
      new Map(functionsFor(functions).map((known) => [known.name.toLowerCase(), known])),
    ).evaluate(),
  );
}

/** The contexts that an expression reads, in lower case. */
export function contextsIn(tree: Expr): Set<string> {
  return new Set(
    nodesOf(tree).flatMap((node) => (node instanceof ContextAccess ? [node.name.lexeme.toLowerCase()] : [])),
  );
}

/** The functions that an expression calls, in lower case. */
export function callsIn(tree: Expr): Set<string> {
  return new Set(
    nodesOf(tree).flatMap((node) => (node instanceof FunctionCall ? [node.functionName.lexeme.toLowerCase()] : [])),
  );
}

/** GitHub's lexer unescapes only the first `''` of a string. */
function unescapeQuotes(token: Token): Token {
  if (token.type !== TokenType.STRING) return token;
  return { ...token, value: token.lexeme.slice(1, -1).replaceAll("''", "'") };
}

function nodesOf(tree: Expr): Expr[] {
  const nodes: Expr[] = [];
  const rest = [tree];
  for (let node = rest.pop(); node !== undefined; node = rest.pop()) {
    nodes.push(node);
    rest.push(...childrenOf(node));
  }
  return nodes;
}

function childrenOf(node: Expr): Expr[] {
  if (node instanceof FunctionCall || node instanceof Logical) return node.args;
  if (node instanceof Binary) return [node.left, node.right];
  if (node instanceof Unary) return [node.expr];
  if (node instanceof Grouping) return [node.group];
  if (node instanceof IndexAccess) return [node.expr, node.index];
  return [];
}

function withExpressionErrors<T>(expression: string | null, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof ExpressionError) throw error;
    const message = error instanceof RangeError ? 'Too large or too deeply nested' : shortMessage(error);
    throw new ExpressionError(
      expression === null ? message : `${message} in the expression \`${shorten(expression)}\``,
      { cause: error },
    );
  }
}

/** Removes the expression from a lexer error: it is added once, shortened. */
function shortMessage(error: unknown): string {
  const message = messageOf(error);
  if (message === 'ErrorExceededMaxLength') return 'More than 21,000 characters';
  return message.replace(/ within expression: [\s\S]*$/, '');
}

function shorten(expression: string): string {
  const text = expression.trim();
  return text.length > 100 ? `${text.slice(0, 97)}...` : text;
}
