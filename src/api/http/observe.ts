import type { MiddlewareHandler } from 'hono';
import { routePath } from 'hono/route';
import type { ServerDeps } from '../../deps.ts';

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/** Measures responses by route pattern, never by the requested path. A stream is measured up to its first byte. */
export function observe({ log, metrics }: Pick<ServerDeps, 'log' | 'metrics'>): MiddlewareHandler {
  return async (c, next) => {
    const started = performance.now();
    await next();
    const seconds = (performance.now() - started) / 1000;
    const method = METHODS.includes(c.req.method) ? c.req.method : 'other';
    const matched = routePath(c, -1);
    const route = matched.includes('*') ? 'none' : matched;
    metrics.http.labels(method, route, String(c.res.status)).observe(seconds);
    log.debug({ method, route, status: c.res.status, seconds, request_id: c.get('requestId') }, 'request handled');
  };
}
