import { CodedError } from '../error.ts';

/** The step fails with this message: what is wrong is for the user to fix. */
export class UserError extends CodedError<'user_error'> {
  constructor(message: string, options?: ErrorOptions) {
    super('user_error', message, { ...options, fault: 'user' });
  }
}
