import { createMatcher } from '../masking/matcher.ts';
import { secretForms } from '../masking/secret-forms.ts';

/** How many values a job can mask. Its own secrets count, but only those that steps add with `::add-mask::` are refused. */
const VALUE_LIMIT = 10_000;
/** Characters of the values in all forms in which the log hides them. */
const FORMS_LIMIT = 2 * 1024 * 1024;

/** Hides secrets in everything that leaves the host except the log, which masks by itself: reasons, names, annotations, outputs. */
export class Secrets {
  readonly #matcher = createMatcher();
  readonly #values = new Set<string>();
  #forms = 0;
  #refused = false;

  /** Whether a value was refused. Output may contain it, so no further output of the job's steps may be shown. */
  get refused(): boolean {
    return this.#refused;
  }

  add(values: readonly string[]): void {
    for (const value of values) {
      if (value.trim() === '' || this.#values.has(value)) continue;
      this.#values.add(value);
      this.#forms += formsLength(value);
      this.#matcher.add([value]);
    }
  }

  /** Why a step may not mask this value too, or null. A value of null was too long to be read. */
  refuse(value: string | null): string | null {
    const reason = this.#reasonToRefuse(value);
    this.#refused ||= reason !== null;
    return reason;
  }

  hide(text: string): string {
    return this.#matcher.mask(text, true).shown;
  }

  isIn(text: string): boolean {
    return this.hide(text) !== text;
  }

  #reasonToRefuse(value: string | null): string | null {
    if (value === null) return 'the command can have at most 64 KiB';
    if (value.trim() === '' || this.#values.has(value)) return null;
    if (this.#values.size >= VALUE_LIMIT) return `a job can mask at most ${VALUE_LIMIT} values`;
    if (this.#forms + formsLength(value) <= FORMS_LIMIT) return null;
    return `the values that a job masks can have at most ${FORMS_LIMIT} characters in all the encodings that the log hides`;
  }
}

function formsLength(value: string): number {
  return secretForms(value).reduce((sum, form) => sum + form.length, 0);
}
