import { CodedError } from '../error.ts';
/** The user's work is refused, in a sentence for people: the step fails. */
export class Refusal extends CodedError<'refused'> {
  constructor(message: string, options?: ErrorOptions) {
    super('refused', message, { ...options, fault: 'user' });
  }
}
