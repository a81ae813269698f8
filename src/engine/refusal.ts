/** The user's work is refused, in a sentence for people: the step fails. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly code = 'refused';
}
