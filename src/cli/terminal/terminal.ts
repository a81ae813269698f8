import { styleText } from 'node:util';

export type Style = Parameters<typeof styleText>[0];

/** `print` writes results to stdout, `note` writes messages to stderr. Colours only on a terminal, or with FORCE_COLOR. */
export interface Terminal {
  print(text: string): void;
  note(text: string): void;
  paint(style: Style, text: string): string;
  /** Whether stdout supports colours. */
  colours: boolean;
  /** The width of stdout; null when it is not a terminal. */
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

/** The style of a status of a run, job, step, deployment or delivery. */
export function statusStyle(status: string): Style {
  if (status === 'succeeded' || status === 'live' || status === 'planned') return 'green';
  if (['failed', 'errored', 'timed_out'].includes(status)) return 'red';
  if (['running', 'starting', 'switching', 'received'].includes(status)) return 'cyan';
  if (['queued', 'waiting'].includes(status)) return 'yellow';
  return 'dim';
}
