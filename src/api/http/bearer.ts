import type { MiddlewareHandler } from 'hono';
import { admits } from '../../control/tokens.ts';
import type { ServerDeps } from '../../deps.ts';
import { ApiError } from './problem.ts';

/** Only requests with a token that we know pass; a token in an address is none. */
export function requireToken(deps: ServerDeps): MiddlewareHandler {
  return async (c, next) => {
    const token = /^Bearer +([^\s]+) *$/i.exec(c.req.header('authorization') ?? '')?.[1];
    if (token === undefined)
      throw unauthorized(
        'Bearer realm="gantry"',
        'Send a token: "Authorization: Bearer ...". `gantry token create NAME` makes one.',
      );
    if (!(await admits(deps, token)))
      throw unauthorized(
        'Bearer realm="gantry", error="invalid_token"',
        'This token is not known here. `gantry token create NAME` makes one.',
      );
    await next();
  };
}

function unauthorized(challenge: string, detail: string): ApiError {
  return new ApiError(401, detail, { headers: { 'www-authenticate': challenge } });
}
