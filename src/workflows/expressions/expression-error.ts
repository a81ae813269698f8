/** An expression that cannot be read or evaluated: bad syntax, an unknown name, or a value that does not do. */
export class ExpressionError extends Error {
  override readonly name = 'ExpressionError';
  readonly code = 'expression';
}
