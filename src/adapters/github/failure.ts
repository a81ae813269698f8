import { z } from 'zod';
import { GitHubError } from './github.ts';

/** Milliseconds to wait when GitHub gives no retry time. Its documentation asks for at least a minute. */
const SECONDARY_WAIT = 60_000;

const Refusal = z.object({
  status: z.int(),
  response: z.object({ headers: z.record(z.string(), z.string()), data: z.unknown() }),
});
const Explanation = z.object({ message: z.string(), errors: z.array(z.unknown()).optional() });
// A DOMException's code is a number.
const Cause = z.object({ code: z.unknown().optional(), name: z.unknown().optional(), cause: z.unknown().optional() });

/**
 * Turns an error of Octokit into a `GitHubError`. `action` completes "Could not ..."; `now` is in milliseconds.
 * The original error is not kept as the cause, because it contains the request with its headers.
 */
export function readFailure(action: string, error: unknown, now: number): GitHubError {
  const refusal = Refusal.safeParse(error);
  if (!refusal.success) return new GitHubError('unreachable', `Could not ${action}: ${describeOutage(error)}.`);
  const { status, response } = refusal.data;
  const reason = explain(response.data);
  const message = `Could not ${action}: GitHub answered ${status}${reason === '' ? '' : ` (${reason})`}`;
  const retry_at = readRetry(status, response.headers, reason, now);
  if (status >= 500) return new GitHubError('unreachable', `${message}.`, retry_at);
  if (retry_at !== null) {
    return new GitHubError('limited', `${message}; retry after ${new Date(retry_at).toISOString()}.`, retry_at);
  }
  if (status === 401) return new GitHubError('denied', `${message}; the token is wrong, expired or revoked.`);
  if (status === 403) return new GitHubError('denied', `${message}; the token lacks a required permission.`);
  if (status === 404)
    return new GitHubError('not_found', `${message}; it does not exist, or the token has no access to it.`);
  return new GitHubError('invalid', `${message}.`);
}

/** When to retry, in milliseconds since 1970; null when a retry does not help or GitHub gives no time. */
function readRetry(status: number, headers: Record<string, string>, reason: string, now: number): number | null {
  if (status !== 403 && status !== 429 && status < 500) return null;
  const after = readRetryAfter(headers['retry-after'], now);
  if (after !== null) return after;
  if (status >= 500) return null;
  const reset = Number(headers['x-ratelimit-reset']);
  if (headers['x-ratelimit-remaining'] === '0' && reset > 0) return Math.max(now, reset * 1000);
  // A secondary limit may come without headers; GitHub's documentation says to recognise it by its message.
  const secondary = /secondary rate limit|abuse detection/i.test(reason);
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

/** The innermost error code is the most specific: ECONNREFUSED, ENOTFOUND or a certificate error. */
function describeOutage(error: unknown): string {
  let reason = 'GitHub is unreachable';
  let inner: unknown = error;
  for (let depth = 0; depth < 5; depth++) {
    const cause = Cause.safeParse(inner);
    if (!cause.success) break;
    if (cause.data.name === 'TimeoutError') return 'GitHub did not answer in time';
    if (typeof cause.data.code === 'string') reason = `GitHub is unreachable (${cause.data.code})`;
    inner = cause.data.cause;
  }
  return reason;
}
