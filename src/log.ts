import { styleText } from 'node:util';
import { type DestinationStream, type Logger, pino } from 'pino';

export type Log = Logger;

/** Logs JSON lines to stderr, or readable lines when stderr is a terminal. Fields with the usual names of secrets are redacted. */
export function openLog(role: string, level: string): Log {
  const lines = pino.destination({ dest: 2, sync: true });
  return pino(
    {
      level,
      base: { role },
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      redact: {
        paths: [
          'token',
          '*.token',
          'secret',
          '*.secret',
          'secrets',
          '*.secrets',
          'headers.authorization',
          'env',
          '*.env',
        ],
        censor: '***',
      },
    },
    process.stderr.isTTY ? readableStream(lines) : lines,
  );
}

function readableStream(lines: DestinationStream): DestinationStream {
  return { write: (line) => lines.write(`${readable(line)}\n`) };
}

const colours = { warn: 'yellow', error: 'red', fatal: 'red' } as const;

interface Line {
  level: string;
  time: string;
  role: string;
  msg?: string;
  err?: { stack?: string; message?: string };
  [name: string]: unknown;
}

/** Formats one JSON line as `12:30:05 server  ready  address=...`. */
export function readable(line: string): string {
  const { level, time, role, msg = '', err, ...rest } = JSON.parse(line) as Line;
  const colour = colours[level as keyof typeof colours];
  const fields = Object.entries(rest).map(
    ([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  const parts = [colour === undefined ? '' : paint(colour, level), msg, paint('dim', fields.join(' '))];
  const stack = err === undefined ? '' : `\n  ${err.stack ?? err.message ?? ''}`;
  return `${paint('dim', `${time.slice(11, 19)} ${role.padEnd(6)}`)} ${parts.filter(Boolean).join('  ')}${stack}`;
}

function paint(style: 'dim' | 'yellow' | 'red', text: string): string {
  return styleText(style, text, { stream: process.stderr });
}
