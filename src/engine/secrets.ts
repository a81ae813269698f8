/** Hides secrets in everything that leaves the host except the log, which masks by itself: reasons, names, annotations, outputs. */
export class Secrets {
  #values: string[] = [];

  add(values: readonly string[]): void {
    const all = new Set([...this.#values, ...values]);
    // Longest first: one secret may contain another.
    this.#values = [...all].filter((value) => value.trim() !== '').toSorted((a, b) => b.length - a.length);
  }

  hide(text: string): string {
    return this.#values.reduce((hidden, value) => hidden.replaceAll(value, '***'), text);
  }

  isIn(text: string): boolean {
    return this.hide(text) !== text;
  }
}
