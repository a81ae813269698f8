import { z } from 'zod';
import { CliError, type ExitName } from '../terminal/exit.ts';

/** The parts of an RFC 9457 problem that are shown to the user. */
const Problem = z.object({
  title: z.string().optional(),
  detail: z.string().optional(),
  errors: z.array(z.object({ pointer: z.string(), detail: z.string() })).default([]),
});

/** The error for an unsuccessful response: its message, the invalid parts and advice. `url` is the server's. */
export function toCliError(status: number, body: string, url: string): CliError {
  const problem = parse(body);
  const message = problem?.detail ?? problem?.title ?? `the server answered with status ${status}`;
  const places = (problem?.errors ?? [])
    .filter(({ detail }) => !message.includes(detail))
    .map(({ pointer, detail }) => `\n  ${pointer}: ${detail}`);
  return new CliError(exitName(status), `${message}${places.join('')}`, adviceFor(status, url));
}

function parse(body: string): z.infer<typeof Problem> | null {
  try {
    return Problem.parse(JSON.parse(body));
  } catch {
    return null;
  }
}

function exitName(status: number): ExitName {
  if (status === 401 || status === 403) return 'denied';
  if (status === 404) return 'not_found';
  if (status === 400 || status === 422) return 'usage';
  if (status === 408 || status === 502 || status === 503 || status === 504) return 'unreachable';
  return 'failed';
}

function adviceFor(status: number, url: string): string | null {
  if (status === 401)
    return `Pass a token for ${url} with GANTRY_TOKEN, GANTRY_TOKEN_FILE or --token. On the server's machine, the first token is in server/token of the data directory (--data-dir).`;
  if (status === 429) return 'Try again later.';
  if (status >= 500 && status !== 507) return "See the server's log.";
  return null;
}
