import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { CliError } from './exit.ts';

/** Reads a secret from a pipe, or from the keyboard without echo. Removes the last line break. */
export async function readSecret(prompt: string): Promise<string> {
  const value = process.stdin.isTTY ? await ask(prompt) : (await text(process.stdin)).replace(/\r?\n$/, '');
  if (value === '')
    throw new CliError(
      'usage',
      'the value is empty',
      'Pipe it in, for example: printf %s "$VALUE" | gantry secrets set ...',
    );
  return value;
}

/** The content of a file that the user named. Throws a usage error when it cannot be read. */
export function readFileArgument(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new CliError('usage', `cannot read ${path}`, null, { cause: error });
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
