import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import type { ServerDeps } from '../deps.ts';
import { json, problems, secured } from './http/route.ts';

const Health = z.object({ status: z.literal('ok') }).openapi('Health');

const Readiness = z
  .object({
    status: z.enum(['ready', 'not_ready', 'draining']),
    parts: z.record(z.string(), z.enum(['up', 'down'])),
    workers: z.int().describe('Heard of lately; without one nothing runs, but what comes in is kept.'),
  })
  .openapi('Readiness');

const healthz = createRoute({
  operationId: 'healthz',
  method: 'get',
  path: '/healthz',
  summary: 'Whether this process answers',
  responses: { 200: json(Health, 'It does.') },
});

const readyz = createRoute({
  operationId: 'readyz',
  method: 'get',
  path: '/readyz',
  summary: 'Whether the parts that it needs answer it',
  responses: { 200: json(Readiness, 'Ready.'), 503: json(Readiness, 'Not ready, or about to stop.') },
});

const metrics = createRoute({
  operationId: 'metrics',
  method: 'get',
  path: '/metrics',
  summary: 'Counters and gauges in the text format of Prometheus',
  ...secured,
  responses: { 200: { description: 'The metrics.', content: { 'text/plain': { schema: z.string() } } }, ...problems() },
});

export function healthRoutes(deps: ServerDeps, draining: AbortSignal) {
  return new OpenAPIHono()
    .openapi(healthz, (c) => c.json({ status: 'ok' as const }, 200))
    .openapi(readyz, async (c) => {
      const [sql, redis] = await Promise.all([sqlAnswers(deps), deps.offers.reachable()]);
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

async function sqlAnswers({ store, log }: ServerDeps): Promise<boolean> {
  try {
    await store.read.selectFrom('repos').select('id').limit(1).execute();
    return true;
  } catch (error) {
    log.error({ err: error }, 'the database does not answer');
    return false;
  }
}

function upOrDown(up: boolean): 'up' | 'down' {
  return up ? 'up' : 'down';
}
