import { CodedError } from '../../error.ts';

/** An invalid expression: bad syntax, an unknown name, or a value of the wrong kind. */
export class ExpressionError extends CodedError<'expression'> {
  constructor(message: string, options?: ErrorOptions) {
    super('expression', message, { ...options, fault: 'user' });
  }
}
