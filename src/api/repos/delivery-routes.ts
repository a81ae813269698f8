import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { time } from '../../control/runs/present.ts';
import type { Row, ServerDeps } from '../../deps.ts';
import { pageOf, pageQuery, paginate } from '../http/page.ts';
import { notFound } from '../http/problem.ts';
import { json, problems, secured, Timestamp } from '../http/route.ts';

const Delivery = z
  .object({
    id: z.string(),
    guid: z.string().nullable().describe('The X-GitHub-Delivery header.'),
    source: z.enum(['github', 'api']),
    event: z.string(),
    action: z.string().nullable(),
    repo: z.string().nullable(),
    ref: z.string().nullable(),
    sha: z.string().nullable(),
    status: z
      .enum(['received', 'planned', 'ignored', 'failed'])
      .describe('received: being planned. planned: its runs were created. ignored, failed: see reason.'),
    reason: z.string().nullable(),
    run_ids: z.array(z.string()).describe('The runs that it started.'),
    received_at: Timestamp,
  })
  .openapi('Delivery');

const list = createRoute({
  operationId: 'listDeliveries',
  method: 'get',
  path: '/deliveries',
  summary: 'List webhook deliveries and API-started runs, newest first',
  ...secured,
  request: { query: pageQuery('dlv', { repo: z.string().optional() }) },
  responses: { 200: json(pageOf(Delivery), 'A page of deliveries.'), ...problems(422) },
});

const get = createRoute({
  operationId: 'getDelivery',
  method: 'get',
  path: '/deliveries/{id}',
  summary: 'Get a delivery',
  ...secured,
  request: { params: z.object({ id: z.string() }) },
  responses: { 200: json(Delivery, 'The delivery.'), ...problems(404) },
});

export function deliveryRoutes({ store: { read } }: Pick<ServerDeps, 'store'>) {
  const toResources = async (deliveries: Row<'deliveries'>[]): Promise<z.infer<typeof Delivery>[]> => {
    if (deliveries.length === 0) return [];
    const ids = deliveries.map(({ id }) => id);
    const runs = await read
      .selectFrom('runs')
      .select(['id', 'delivery_id'])
      .where('delivery_id', 'in', ids)
      .orderBy('id')
      .execute();
    return deliveries.map((delivery) => ({
      id: delivery.id,
      guid: delivery.guid,
      source: delivery.source,
      event: delivery.event,
      action: delivery.action,
      repo: delivery.repo,
      ref: delivery.ref,
      sha: delivery.sha,
      status: delivery.status,
      reason: delivery.reason,
      run_ids: runs.filter((run) => run.delivery_id === delivery.id).map((run) => run.id),
      received_at: time(delivery.received_at),
    }));
  };

  return new OpenAPIHono()
    .openapi(list, async (c) => {
      const { limit, cursor, repo } = c.req.valid('query');
      let query = read
        .selectFrom('deliveries')
        .selectAll()
        .orderBy('id', 'desc')
        .limit(limit + 1);
      if (cursor !== undefined) query = query.where('id', '<', cursor);
      if (repo !== undefined) query = query.where('repo', '=', repo);
      const { rows, next_cursor } = paginate(await query.execute(), limit);
      return c.json({ items: await toResources(rows), next_cursor }, 200);
    })
    .openapi(get, async (c) => {
      const { id } = c.req.valid('param');
      const [delivery] = await toResources(
        await read.selectFrom('deliveries').selectAll().where('id', '=', id).execute(),
      );
      if (delivery === undefined) throw notFound(`delivery ${id}`);
      return c.json(delivery, 200);
    });
}
