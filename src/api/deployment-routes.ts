import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { rollBack } from '../control/environments/rollback.ts';
import type { TransactDeps } from '../control/outbox/transact.ts';
import { time } from '../control/runs/present.ts';
import { showReadable } from '../control/stored/column.ts';
import { phases } from '../control/stored/columns.ts';
import type { Row } from '../deps.ts';
import { Phase } from '../jobs/deploy/deployment.ts';
import { DeploymentStatus } from '../jobs/status.ts';
import { pageOf, pageQuery, paginate } from './http/page.ts';
import { invalidField, notFound } from './http/problem.ts';
import { json, jsonBody, problems, secured, Timestamp } from './http/route.ts';

const Deployment = z
  .object({
    id: z.string(),
    app: z.string(),
    environment: z.string(),
    release: z.string().nullable(),
    image: z.string().nullable(),
    sha: z.string().nullable(),
    run_id: z.string(),
    job_id: z.string(),
    status: DeploymentStatus,
    reason: z.string().nullable(),
    url: z.string().nullable(),
    replaced: z.string().nullable().describe('The release that was live before this deployment.'),
    phases: z.array(Phase.extend({ started_at: Timestamp, finished_at: Timestamp.nullable() })),
    created_at: Timestamp,
    live_at: Timestamp.nullable(),
    finished_at: Timestamp.nullable(),
  })
  .openapi('Deployment');
type Deployment = z.infer<typeof Deployment>;

const NewDeployment = z
  .strictObject({
    app: z.string().min(1).max(100),
    environment: z.string().min(1).max(100),
    release: z
      .string()
      .min(1)
      .max(100)
      .optional()
      .describe('The release to deploy. Default: the newest kept release that was live before the current one.'),
  })
  .openapi('NewDeployment');

const list = createRoute({
  operationId: 'listDeployments',
  method: 'get',
  path: '/deployments',
  summary: 'List deployments, newest first',
  ...secured,
  request: {
    query: pageQuery('dep', {
      app: z.string().optional(),
      environment: z.string().optional(),
      status: DeploymentStatus.optional(),
    }),
  },
  responses: { 200: json(pageOf(Deployment), 'A page of deployments.'), ...problems(422) },
});

const get = createRoute({
  operationId: 'getDeployment',
  method: 'get',
  path: '/deployments/{id}',
  summary: 'Get a deployment',
  ...secured,
  request: { params: z.object({ id: z.string() }) },
  responses: { 200: json(Deployment, 'The deployment.'), ...problems(404) },
});

const create = createRoute({
  operationId: 'rollBack',
  method: 'post',
  path: '/deployments',
  summary: 'Roll back: deploy a kept release with its image, configuration and secrets, without a build',
  ...secured,
  request: jsonBody(NewDeployment),
  responses: {
    202: json(Deployment, 'The deployment is queued as a run with one deploy job.'),
    ...problems(400, 413, 415, 422, 507),
  },
});

export function deploymentRoutes(deps: TransactDeps) {
  const query = () =>
    deps.store.read
      .selectFrom('deployments')
      .leftJoin('releases', 'releases.id', 'deployments.release_id')
      .selectAll('deployments')
      .select('releases.image as image');
  const requireDeployment = async (id: string): Promise<Deployment> => {
    const row = await query().where('deployments.id', '=', id).executeTakeFirst();
    if (row === undefined) throw notFound(`deployment ${id}`);
    return toResource(row);
  };

  return new OpenAPIHono()
    .openapi(list, async (c) => {
      const { limit, cursor, app, environment, status } = c.req.valid('query');
      let page = query()
        .orderBy('deployments.id', 'desc')
        .limit(limit + 1);
      if (cursor !== undefined) page = page.where('deployments.id', '<', cursor);
      if (app !== undefined) page = page.where('deployments.app', '=', app);
      if (environment !== undefined) page = page.where('deployments.environment', '=', environment);
      if (status !== undefined) page = page.where('deployments.status', '=', status);
      const { rows, next_cursor } = paginate(await page.execute(), limit);
      return c.json({ items: showReadable(rows, toResource, deps.log), next_cursor }, 200);
    })
    .openapi(get, async (c) => c.json(await requireDeployment(c.req.valid('param').id), 200))
    .openapi(create, async (c) => {
      const { app, environment, release = null } = c.req.valid('json');
      const result = await rollBack(deps, { app, environment, release, actor: null });
      if ('refused' in result) throw invalidField(FIELD[result.refused], result.detail);
      return c.json(await requireDeployment(result.deployment), 202, {
        location: `/api/v1/deployments/${result.deployment}`,
      });
    });
}

const FIELD = { unknown_app: 'app', unknown_release: 'release', nothing_older: 'environment' } as const;

function toResource(row: Row<'deployments'> & { image: string | null }): Deployment {
  return {
    id: row.id,
    app: row.app,
    environment: row.environment,
    release: row.release_id,
    image: row.image,
    sha: row.sha,
    run_id: row.run_id,
    job_id: row.job_id,
    status: row.status,
    reason: row.reason,
    url: row.url,
    replaced: row.replaced,
    phases: phases.read(row).map(({ name, started_at, finished_at }) => ({
      name,
      started_at: time(started_at),
      finished_at: time(finished_at),
    })),
    created_at: time(row.created_at),
    live_at: time(row.live_at),
    finished_at: time(row.finished_at),
  };
}
