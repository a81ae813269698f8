import { z } from 'zod';
import { GitHubError } from './github.ts';

/** GitHub's own rule when it names no time: at least a minute. */
const SECONDARY_WAIT = 60_000;

const Refusal = z.object({
  status: z.int(),
  response: z.object({ headers: z.record(z.string(), z.string()), data: z.unknown() }),
});
const Explanation = z.object({ message: z.string(), errors: z.array(z.unknown()).optional() });
// A DOMException's code is a number.
const Cause = z.object({ code: z.unknown().optional(), name: z.unknown().optional(), cause: z.unknown().optional() });

/**
 * What Octokit threw, in Gantry's terms. `asked` completes "could not ..."; `now` in milliseconds.
 * The error thrown is not kept as cause: it holds the request with its headers.
 */
export function readFailure(asked: string, error: unknown, now: number): GitHubError {
  const refusal = Refusal.safeParse(error);
  if (!refusal.success) return new GitHubError('unreachable', `Could not ${asked}: ${describeOutage(error)}.`);
  const { status, response } = refusal.data;
  const said = explain(response.data);
  const message = `Could not ${asked}: GitHub answered ${status}${said === '' ? '' : ` (${said})`}`;
  const retry_at = readRetry(status, response.headers, said, now);
  if (status >= 500) return new GitHubError('unreachable', `${message}.`, retry_at);
  if (retry_at !== null) {
    return new GitHubError(
      'limited',
      `${message}; it may be asked again at ${new Date(retry_at).toISOString()}.`,
      retry_at,
    );
  }
  if (status === 401) return new GitHubError('denied', `${message}; the token is wrong, expired or revoked.`);
  if (status === 403) return new GitHubError('denied', `${message}; the token lacks a permission for this.`);
  if (status === 404)
    return new GitHubError('not_found', `${message}; it does not exist or the token does not reach it.`);
  return new GitHubError('invalid', `${message}.`);
}

/** When GitHub wants to be asked again, or null where it said no such thing. */
function readRetry(status: number, headers: Record<string, string>, said: string, now: number): number | null {
  if (status !== 403 && status !== 429 && status < 500) return null;
  const after = readRetryAfter(headers['retry-after'], now);
  if (after !== null) return after;
  if (status >= 500) return null;
  const reset = Number(headers['x-ratelimit-reset']);
  if (headers['x-ratelimit-remaining'] === '0' && reset > 0) return Math.max(now, reset * 1000);
  // Of a secondary limit GitHub promises no header; its documentation tells it by this message.
  const secondary = /secondary rate limit|abuse detection/i.test(said);
  return secondary || status === 429 ? now + SECONDARY_WAIT : null;
}

/** Seconds or an HTTP date. */
function readRetryAfter(value: string | undefined, now: number): number | null {
  if (value === undefined) return null;
  const at = /^\d{1,9}$/.test(value.trim()) ? now + Number(value) * 1000 : Date.parse(value);
  return Number.isNaN(at) ? null : Math.max(now, at);
}

function explain(data: unknown): string {
  const explanation = Explanation.safeParse(data);
  if (!explanation.success) return '';
  const { message, errors = [] } = explanation.data;
  return [message, ...errors.map((error) => JSON.stringify(error))].join(': ').slice(0, 300);
}

/** The innermost code says most: ECONNREFUSED, ENOTFOUND, a certificate's. */
function describeOutage(error: unknown): string {
  let words = 'GitHub could not be reached';
  let inner: unknown = error;
  for (let depth = 0; depth < 5; depth++) {
    const cause = Cause.safeParse(inner);
    if (!cause.success) break;
    if (cause.data.name === 'TimeoutError') return 'GitHub did not answer in time';
    if (typeof cause.data.code === 'string') words = `GitHub could not be reached (${cause.data.code})`;
    inner = cause.data.cause;
  }
  return words;
}
