import type { MiddlewareHandler } from 'hono';
import { authenticate, type Principal } from '../../control/tokens.ts';
import type { ServerDeps } from '../../deps.ts';
import { ApiError } from './problem.ts';

/** Rejects requests without a valid token. A job's own token is accepted only where `mayJobSend` allows it. A token in the URL is ignored. */
export function requireToken(
  deps: Pick<ServerDeps, 'config' | 'store' | 'now' | 'hashToken'>,
): MiddlewareHandler<{ Variables: { principal: Principal } }> {
  return async (c, next) => {
    const token = /^Bearer +([^\s]+) *$/i.exec(c.req.header('authorization') ?? '')?.[1];
    if (token === undefined)
      throw unauthorized(
        'Bearer realm="gantry"',
        'Send a token as "Authorization: Bearer ...". Create one with `gantry token create NAME`.',
      );
    const principal = await authenticate(deps, token);
    if (principal === null)
      throw unauthorized(
        'Bearer realm="gantry", error="invalid_token"',
        'Unknown or expired token. Create one with `gantry token create NAME`.',
      );
    if (principal.scope === 'job' && !mayJobSend(principal.job, c.req.method, c.req.path))
      throw new ApiError(403, `This token belongs to ${principal.job} and may only read that job. Use an admin token.`);
    c.set('principal', principal);
    await next();
  };
}

/** Whether a job may send this request with its own token. */
function mayJobSend(job: string, method: string, path: string): boolean {
  return method === 'GET' && path === `/api/v1/jobs/${job}`;
}

function unauthorized(challenge: string, detail: string): ApiError {
  return new ApiError(401, detail, { headers: { 'www-authenticate': challenge } });
}
