import { styleText } from 'node:util';

export type Style = Parameters<typeof styleText>[0];

/** Results go to stdout, words about them to stderr; each is coloured only when it is a terminal (or FORCE_COLOR says so). */
export interface Terminal {
  print(text: string): void;
  note(text: string): void;
  paint(style: Style, text: string): string;
  /** Whether stdout shows colours. */
  colours: boolean;
  /** Width of stdout, or null when it is no terminal. */
  columns: number | null;
}

export function openTerminal(
  stdout: NodeJS.WriteStream = process.stdout,
  stderr: NodeJS.WriteStream = process.stderr,
): Terminal {
  const paint = (style: Style, text: string) => styleText(style, text, { stream: stdout });
  return {
    print: (text) => void stdout.write(`${text}\n`),
    note: (text) => void stderr.write(`${text}\n`),
    paint,
    colours: paint('red', 'x') !== 'x',
    columns: stdout.isTTY ? stdout.columns : null,
  };
}

/** How a status looks, wherever it stands. */
export function statusStyle(status: string): Style {
  if (status === 'succeeded' || status === 'live' || status === 'planned') return 'green';
  if (['failed', 'errored', 'timed_out'].includes(status)) return 'red';
  if (['running', 'starting', 'switching', 'received'].includes(status)) return 'cyan';
  if (['queued', 'waiting'].includes(status)) return 'yellow';
  return 'dim';
}
