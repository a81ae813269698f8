/** What must not leave this host by any other way than the log, which masks by itself: reasons, names, annotations, outputs. */
export class Secrets {
  #values: string[] = [];

  add(values: readonly string[]): void {
    const seen = new Set([...this.#values, ...values]);
    // Longest first: a secret may be a part of another.
    this.#values = [...seen].filter((value) => value.trim() !== '').toSorted((a, b) => b.length - a.length);
  }

  hide(text: string): string {
    return this.#values.reduce((hidden, value) => hidden.replaceAll(value, '***'), text);
  }

  isIn(text: string): boolean {
    return this.hide(text) !== text;
  }
}
