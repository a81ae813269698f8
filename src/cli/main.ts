import { CommanderError } from 'commander';
import { hasCode } from '../error.ts';
import { buildProgram } from './program.ts';
import { CliError, exitOf, exits } from './terminal/exit.ts';
import { printableText } from './terminal/printable.ts';

const stop = new AbortController();
process.once('SIGINT', () => stop.abort('SIGINT'));
process.once('SIGTERM', () => stop.abort('SIGTERM'));
// A closed pipe, as in `gantry runs list | head -1`, is not an error.
process.stdout.on('error', (error) => (hasCode(error, 'EPIPE') ? process.exit(exits.ok) : fail(error)));

try {
  const argv = process.argv.slice(2);
  const program = await buildProgram(argv, { env: process.env, signal: stop.signal });
  await program.parseAsync(argv, { from: 'user' });
} catch (error) {
  fail(error);
}

/** Prints the error and its advice. Sets only the exit code, so that pending output is still written. */
function fail(error: unknown): void {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? exits.ok : exits.usage;
    return;
  }
  if (stop.signal.aborted) {
    process.exit(stop.signal.reason === 'SIGTERM' ? exits.terminated : exits.interrupted);
  }
  process.exitCode = exitOf(error);
  if (error instanceof CliError) {
    if (error.message !== '') process.stderr.write(`gantry: ${printableText(error.message)}\n`);
    if (error.advice !== null) process.stderr.write(`${error.advice}\n`);
  } else if (hasCode(error)) {
    process.stderr.write(`gantry: ${printableText(error.message)}\n`);
  } else {
    process.stderr.write(`gantry: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  }
}
