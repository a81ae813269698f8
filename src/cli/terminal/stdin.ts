import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { CliError } from './exit.ts';

/** A value that must not stand in a process list: piped in, or typed without being shown. Its last line break is dropped. */
export async function readSecret(prompt: string): Promise<string> {
  const value = process.stdin.isTTY ? await ask(prompt) : (await text(process.stdin)).replace(/\r?\n$/, '');
  if (value === '')
    throw new CliError('usage', 'the value is empty', 'Pipe it in, as in: printf %s "$VALUE" | gantry secrets set ...');
  return value;
}

/** The content of a file that was named, or a usage error that names it. */
export function readFileArgument(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new CliError('usage', `${path} cannot be read`, null, { cause: error });
  }
}

async function ask(prompt: string): Promise<string> {
  process.stderr.write(prompt);
  process.stdin.setRawMode(true);
  process.stdin.setEncoding('utf8');
  let typed = '';
  try {
    for await (const chunk of process.stdin as AsyncIterable<string>) {
      for (const key of chunk) {
        if (key === '\r' || key === '\n' || key === '\u0004') return typed;
        if (key === '\u0003') throw new CliError('interrupted', '');
        if (key === '\u007f') typed = typed.slice(0, -1);
        else typed += key;
      }
    }
    return typed;
  } finally {
    process.stdin.setRawMode(false);
    process.stderr.write('\n');
  }
}
