import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { accepts } from 'hono/accepts';
import type { TransactDeps } from '../../control/outbox/transact.ts';
import { time } from '../../control/runs/present.ts';
import { submitTask } from '../../control/runs/task.ts';
import type { ServerDeps } from '../../deps.ts';
import { notFound } from '../http/problem.ts';
import { json, jsonBody, problems, secured } from '../http/route.ts';
import { eventStream, pullStream, type ServerSentEvent } from '../http/sse.ts';
import { type LogLine, openJobLog } from './job-log.ts';
import { Job, loadJobResource } from './run-resource.ts';
import { NewTask } from './task-request.ts';

const JobId = z.object({ id: z.string() });

const create = createRoute({
  operationId: 'submitJob',
  method: 'post',
  path: '/jobs',
  summary: 'Run one container as a job',
  ...secured,
  request: jsonBody(NewTask),
  responses: { 202: json(Job, 'Accepted, stored and queued.'), ...problems(400, 413, 415, 422, 507) },
});

const get = createRoute({
  operationId: 'getJob',
  method: 'get',
  path: '/jobs/{id}',
  summary: 'Get a job',
  ...secured,
  request: { params: JobId },
  responses: { 200: json(Job, 'The job.'), ...problems(404) },
});

const logs = createRoute({
  operationId: 'readLog',
  method: 'get',
  path: '/jobs/{id}/logs',
  summary: 'Read the log of a job as server-sent events or as text',
  description:
    'Contains all attempts. As server-sent events: one event for each line, `{at, step, stream, text, attempt}`, until the job ends; the last event ' +
    'is `end`. `Last-Event-ID` resumes after a line. With `Accept: text/plain`: the lines so far; with `follow=true`, all lines until the job ends. ' +
    'Escape sequences are not removed.',
  ...secured,
  request: {
    params: JobId,
    query: z.strictObject({
      attempt: z.coerce.number<string>().int().min(1).optional().describe('Only this attempt.'),
      follow: z.enum(['true', 'false']).optional().describe('For text: continue until the job ends.'),
    }),
  },
  responses: {
    200: {
      description: 'The log.',
      content: { 'text/event-stream': { schema: z.string() }, 'text/plain': { schema: z.string() } },
    },
    ...problems(400, 404, 422),
  },
});

export function jobRoutes(deps: TransactDeps & Pick<ServerDeps, 'logs' | 'vault' | 'wakeups'>, draining: AbortSignal) {
  const requireJob = async (id: string): Promise<Job> => {
    const job = await loadJobResource(deps.store.read, id);
    if (job === null) throw notFound(`job ${id}`);
    return job;
  };

  return new OpenAPIHono()
    .openapi(create, async (c) => {
      const { job } = await submitTask(deps, c.req.valid('json'));
      return c.json(await requireJob(job), 202, { location: `/api/v1/jobs/${job}` });
    })
    .openapi(get, async (c) => c.json(await requireJob(c.req.valid('param').id), 200))
    .openapi(logs, async (c) => {
      const { id } = c.req.valid('param');
      const { attempt = null, follow } = c.req.valid('query');
      const type = accepts(c, {
        header: 'Accept',
        supports: ['text/event-stream', 'text/plain'],
        default: 'text/event-stream',
      });
      const asText = type === 'text/plain';
      const lines = await openJobLog(deps, {
        job: id,
        attempt,
        after: c.req.header('last-event-id') ?? null,
        live: !asText || follow === 'true',
      });
      if (asText) return text(pullStream((signal) => plain(lines(signal)), draining));
      return eventStream((signal) => logEvents(lines(signal), () => requireJob(id), signal), draining);
    });
}

async function* logEvents(
  batches: AsyncGenerator<LogLine[]>,
  job: () => Promise<Job>,
  signal: AbortSignal,
): AsyncGenerator<ServerSentEvent[]> {
  for await (const batch of batches)
    yield batch.map(({ id, at, ...line }) => ({ id, data: JSON.stringify({ at: time(at), ...line }) }));
  if (signal.aborted) return;
  const { status, reason, exit_code } = await job();
  yield [{ event: 'end', data: JSON.stringify({ status, reason, exit_code }) }];
}

async function* plain(batches: AsyncGenerator<LogLine[]>): AsyncGenerator<string> {
  for await (const batch of batches) if (batch.length > 0) yield batch.map((line) => `${line.text}\n`).join('');
}

function text(body: ReadableStream<Uint8Array>): Response {
  return new Response(body, { headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-cache' } });
}
