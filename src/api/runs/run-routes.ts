import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { findRepo } from '../../control/repos/repos.ts';
import { cancelRun } from '../../control/runs/cancel-run.ts';
import { type DeliveryDeps, startRun } from '../../control/runs/delivery.ts';
import type { ServerDeps } from '../../deps.ts';
import { JobStatus } from '../../jobs/status.ts';
import type { DiskCheck } from '../http/disk-check.ts';
import { pageOf, pageQuery, paginate } from '../http/page.ts';
import { invalidField, notFound } from '../http/problem.ts';
import { json, jsonBody, problems, secured } from '../http/route.ts';
import { eventStream } from '../http/sse.ts';
import { runEvents } from './run-events.ts';
import { loadRunResource, loadRunResources, Run } from './run-resource.ts';

const RunId = z.object({ id: z.string() });
const Ref = z
  .string()
  .min(1)
  .max(255)
  .regex(/^[^\s~^:?*[\\\p{Cc}]+$/u, 'invalid branch or ref name');

const NewRun = z
  .strictObject({
    repo: z.string(),
    ref: Ref.describe('A branch name, a full ref such as refs/tags/v1, or a commit SHA.'),
    workflow: z
      .string()
      .min(1)
      .max(255)
      .optional()
      .describe('The file name, path or name of a workflow. Default: all workflows.'),
  })
  .openapi('NewRun');

const Cancellation = z
  .strictObject({
    force: z
      .boolean()
      .default(false)
      .describe('Kill the containers immediately, and skip clean-up steps and waiting jobs.'),
    reason: z.string().min(1).max(500).default('cancelled through the API'),
  })
  .openapi('Cancellation');

const list = createRoute({
  operationId: 'listRuns',
  method: 'get',
  path: '/runs',
  summary: 'List runs, newest first',
  ...secured,
  request: {
    query: pageQuery('run', {
      repo: z.string().optional(),
      sha: z.string().optional().describe('A commit SHA or its first digits.'),
      branch: z.string().optional(),
      status: JobStatus.optional(),
    }),
  },
  responses: { 200: json(pageOf(Run), 'A page of runs.'), ...problems(422) },
});

const get = createRoute({
  operationId: 'getRun',
  method: 'get',
  path: '/runs/{id}',
  summary: 'Get a run with its jobs',
  ...secured,
  request: { params: RunId },
  responses: { 200: json(Run, 'The run.'), ...problems(404) },
});

const create = createRoute({
  operationId: 'startRun',
  method: 'post',
  path: '/runs',
  summary: 'Start a run without a webhook',
  ...secured,
  request: jsonBody(NewRun),
  responses: { 202: json(Run, 'Accepted and stored; its jobs will be planned.'), ...problems(400, 413, 415, 422, 507) },
});

const cancel = createRoute({
  operationId: 'cancelRun',
  method: 'post',
  path: '/runs/{id}/cancellation',
  summary: 'Cancel a run',
  description:
    'Repeating the request, or cancelling an ended run, has no effect. A later request with `force` ends the grace period.',
  ...secured,
  request: {
    params: RunId,
    body: { required: false, content: { 'application/json': { schema: Cancellation } } },
  },
  responses: { 202: json(Run, 'The current state of the run.'), ...problems(400, 404, 413, 415, 422, 507) },
});

const events = createRoute({
  operationId: 'followRun',
  method: 'get',
  path: '/runs/{id}/events',
  summary: 'Stream the changes of a run as server-sent events, until it ends',
  description:
    'Each `run` event contains `{rev, run, jobs}`. The first contains all jobs; each later one contains the jobs that changed. The event id is ' +
    'the rev; `Last-Event-ID` resumes after it. The last event is `end`.',
  ...secured,
  request: { params: RunId },
  responses: {
    200: { description: 'The event stream.', content: { 'text/event-stream': { schema: z.string() } } },
    ...problems(400, 404),
  },
});

export function runRoutes(
  deps: DeliveryDeps & Pick<ServerDeps, 'wakeups'>,
  disk: Pick<DiskCheck, 'requireWritable'>,
  draining: AbortSignal,
) {
  const { read } = deps.store;
  const requireRun = async (id: string): Promise<Run> => {
    const run = await loadRunResource(read, id);
    if (run === null) throw notFound(`run ${id}`);
    return run;
  };

  return new OpenAPIHono()
    .openapi(list, async (c) => {
      const { limit, cursor, repo, sha, branch, status } = c.req.valid('query');
      let query = read
        .selectFrom('runs')
        .selectAll()
        .orderBy('id', 'desc')
        .limit(limit + 1);
      if (cursor !== undefined) query = query.where('id', '<', cursor);
      // A prefix search: hexadecimal digits sort below g.
      if (sha !== undefined)
        query = query.where('sha', '>=', sha.toLowerCase()).where('sha', '<', `${sha.toLowerCase()}g`);
      if (branch !== undefined) query = query.where('branch', '=', branch);
      if (status !== undefined) query = query.where('status', '=', status);
      if (repo !== undefined) {
        const registered = await findRepo(read, repo);
        query = registered ? query.where('repo_id', '=', registered.id) : query.where('repo', '=', repo);
      }
      const { rows, next_cursor } = paginate(await query.execute(), limit);
      return c.json({ items: await loadRunResources(deps, rows), next_cursor }, 200);
    })
    .openapi(get, async (c) => c.json(await requireRun(c.req.valid('param').id), 200))
    .openapi(create, async (c) => {
      const { repo: name, ref, workflow } = c.req.valid('json');
      const repo = await findRepo(read, name);
      if (repo === undefined) throw invalidField('repo', `${name} is not registered`);
      // Otherwise the payload could be stored as a blob before the database fails.
      await disk.requireWritable();
      const { run } = await startRun(deps, {
        repo_id: repo.id,
        repo: repo.name,
        default_branch: repo.default_branch,
        ref,
        workflow: workflow ?? null,
        actor: null,
      });
      return c.json(await requireRun(run), 202, { location: `/api/v1/runs/${run}` });
    })
    .openapi(cancel, async (c) => {
      const { id } = c.req.valid('param');
      const { force, reason } = Cancellation.parse(c.req.valid('json'));
      if (!(await cancelRun(deps, id, { force, reason }))) throw notFound(`run ${id}`);
      return c.json(await requireRun(id), 202);
    })
    .openapi(events, async (c) => {
      const source = await runEvents(deps, c.req.valid('param').id, c.req.header('last-event-id'));
      return eventStream(source, draining);
    });
}
