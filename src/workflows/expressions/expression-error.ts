import { CodedError } from '../../error.ts';
/** An expression that cannot be read or evaluated: bad syntax, an unknown name, or a value that does not do. */
export class ExpressionError extends CodedError<'expression'> {
  constructor(message: string, options?: ErrorOptions) {
    super('expression', message, { ...options, fault: 'user' });
  }
}
