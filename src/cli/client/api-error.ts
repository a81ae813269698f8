import { z } from 'zod';
import { CliError, type ExitName } from '../terminal/exit.ts';

/** RFC 9457, as far as people are shown it. */
const Problem = z.object({
  title: z.string().optional(),
  detail: z.string().optional(),
  errors: z.array(z.object({ pointer: z.string(), detail: z.string() })).default([]),
});

/** An answer that says no, as a sentence and what to do about it. `url` is the server that answered. */
export function toCliError(status: number, body: string, url: string): CliError {
  const problem = parse(body);
  const said = problem?.detail ?? problem?.title ?? `the server answered ${status}`;
  const places = (problem?.errors ?? [])
    .filter(({ detail }) => !said.includes(detail))
    .map(({ pointer, detail }) => `\n  ${pointer}: ${detail}`);
  return new CliError(exitName(status), `${said}${places.join('')}`, adviceFor(status, url));
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
    return `Give a token of ${url} with GANTRY_TOKEN, GANTRY_TOKEN_FILE or --token. On the server's machine the first one is in server/token of its data directory (--data-dir).`;
  if (status === 429) return 'Wait a little, then try again.';
  if (status >= 500) return "The server's log says more.";
  return null;
}
