import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import type { ServerDeps } from '../deps.ts';
import { messageOf } from '../error.ts';
import type { DiskCheck } from './http/disk-check.ts';
import { json, problems, secured } from './http/route.ts';

const Health = z.object({ status: z.literal('ok') }).openapi('Health');

const Readiness = z
  .object({
    status: z.enum(['ready', 'not_ready', 'draining']),
    parts: z.record(z.string(), z.enum(['up', 'down'])),
    reasons: z.array(z.string()).describe('What is wrong with each part that is down.'),
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
  summary: 'Check that the server can use its database, Redis and the disk',
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
  disk: Pick<DiskCheck, 'requireWritable'>,
  draining: AbortSignal,
) {
  return new OpenAPIHono()
    .openapi(healthz, (c) => c.json({ status: 'ok' as const }, 200))
    .openapi(readyz, async (c) => {
      const problems = await findProblems(deps, disk);
      const parts = Object.fromEntries(
        Object.entries(problems).map(([part, problem]) => [
          part,
          problem === null ? ('up' as const) : ('down' as const),
        ]),
      );
      const reasons = Object.values(problems).filter((problem) => problem !== null);
      const state = { parts, reasons, workers: deps.fleet.size };
      if (draining.aborted) return c.json({ status: 'draining' as const, ...state }, 503);
      return reasons.length === 0
        ? c.json({ status: 'ready' as const, ...state }, 200)
        : c.json({ status: 'not_ready' as const, ...state }, 503);
    })
    .openapi(
      metrics,
      async (c) =>
        c.body(await deps.metrics.registry.metrics(), 200, {
          'content-type': deps.metrics.registry.contentType,
        }) as never,
    );
}

/** What is wrong with each part, or null. */
async function findProblems(
  deps: Pick<ServerDeps, 'bus' | 'log' | 'offers' | 'store'>,
  disk: Pick<DiskCheck, 'requireWritable'>,
): Promise<Record<'sql' | 'redis' | 'disk', string | null>> {
  const [sql, redis, diskProblem] = await Promise.all([
    canReadSql(deps),
    deps.offers.reachable(),
    disk.requireWritable().then(() => null, messageOf),
  ]);
  return {
    sql: sql ? null : "The database cannot be read. See the server's log.",
    redis: redis && deps.bus.up() !== null ? null : "Redis cannot be reached. See the server's log.",
    disk: diskProblem,
  };
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
