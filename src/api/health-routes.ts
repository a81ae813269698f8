import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import type { ServerDeps } from '../deps.ts';
import { json, problems, secured } from './http/route.ts';

const Health = z.object({ status: z.literal('ok') }).openapi('Health');

const Readiness = z
  .object({
    status: z.enum(['ready', 'not_ready', 'draining']),
    parts: z.record(z.string(), z.enum(['up', 'down'])),
    workers: z.int().describe('Workers with a recent heartbeat. Without workers, accepted work waits.'),
  })
  .openapi('Readiness');

const healthz = createRoute({
  operationId: 'healthz',
  method: 'get',
  path: '/healthz',
  summary: 'Check that the server is running',
  responses: { 200: json(Health, 'The server is running.') },
});

const readyz = createRoute({
  operationId: 'readyz',
  method: 'get',
  path: '/readyz',
  summary: 'Check that the server can reach its database and Redis',
  responses: { 200: json(Readiness, 'Ready to work.'), 503: json(Readiness, 'Not ready, or shutting down.') },
});

const metrics = createRoute({
  operationId: 'metrics',
  method: 'get',
  path: '/metrics',
  summary: 'Get metrics in the Prometheus text format',
  ...secured,
  responses: { 200: { description: 'The metrics.', content: { 'text/plain': { schema: z.string() } } }, ...problems() },
});

export function healthRoutes(
  deps: Pick<ServerDeps, 'bus' | 'fleet' | 'log' | 'metrics' | 'offers' | 'store'>,
  draining: AbortSignal,
) {
  return new OpenAPIHono()
    .openapi(healthz, (c) => c.json({ status: 'ok' as const }, 200))
    .openapi(readyz, async (c) => {
      const [sql, redis] = await Promise.all([canReadSql(deps), deps.offers.reachable()]);
      const parts = { sql: upOrDown(sql), redis: upOrDown(redis && deps.bus.up() !== null) };
      const workers = deps.fleet.size;
      if (draining.aborted) return c.json({ status: 'draining' as const, parts, workers }, 503);
      const ready = Object.values(parts).every((part) => part === 'up');
      return ready
        ? c.json({ status: 'ready' as const, parts, workers }, 200)
        : c.json({ status: 'not_ready' as const, parts, workers }, 503);
    })
    .openapi(
      metrics,
      async (c) =>
        c.body(await deps.metrics.registry.metrics(), 200, {
          'content-type': deps.metrics.registry.contentType,
        }) as never,
    );
}

async function canReadSql({ store, log }: Pick<ServerDeps, 'store' | 'log'>): Promise<boolean> {
  try {
    await store.read.selectFrom('repos').select('id').limit(1).execute();
    return true;
  } catch (error) {
    log.error({ err: error }, 'database read failed');
    return false;
  }
}

function upOrDown(up: boolean): 'up' | 'down' {
  return up ? 'up' : 'down';
}
