import { printable } from './printable.ts';
import type { Style, Terminal } from './terminal.ts';

export interface Cell {
  text: string;
  style?: Style;
}

/** Prints aligned columns with a header. On a terminal, the last column is truncated to fit. */
export function printTable(terminal: Terminal, head: string[], rows: (string | Cell)[][]): void {
  const cells = rows.map((row) => row.map((cell) => clean(typeof cell === 'string' ? { text: cell } : cell)));
  const widths = head.map((title, column) =>
    Math.max(title.length, ...cells.map((row) => width(row[column]?.text ?? ''))),
  );
  const last = head.length - 1;
  const available =
    terminal.columns === null ? Number.POSITIVE_INFINITY : terminal.columns - sum(widths.slice(0, last)) - last * 2;
  const line = (row: Cell[]) =>
    row
      .map(({ text, style }, column) => {
        const shown = column === last ? truncate(text, available) : text;
        const padding = column === last ? '' : ' '.repeat((widths[column] ?? 0) - width(shown));
        return (style === undefined ? shown : terminal.paint(style, shown)) + padding;
      })
      .join('  ')
      .trimEnd();
  terminal.print(line(head.map((title) => ({ text: title.toUpperCase(), style: 'dim' }))));
  for (const row of cells) terminal.print(line(row));
}

/** Prints `name  value` lines, without those that have no value. */
export function printFacts(terminal: Terminal, facts: [string, string | null | undefined][]): void {
  const shown = facts.filter(
    (fact): fact is [string, string] => fact[1] !== null && fact[1] !== undefined && fact[1] !== '',
  );
  const longest = Math.max(0, ...shown.map(([name]) => name.length));
  for (const [name, value] of shown)
    terminal.print(`${terminal.paint('dim', name.padEnd(longest))}  ${printable(value)}`);
}

function clean({ text, style }: Cell): Cell {
  const shown = printable(text);
  return style === undefined ? { text: shown } : { text: shown, style };
}

function width(text: string): number {
  return Array.from(text).length;
}

function truncate(text: string, max: number): string {
  if (width(text) <= max || max < 8) return text;
  return `${Array.from(text)
    .slice(0, max - 1)
    .join('')}…`;
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
