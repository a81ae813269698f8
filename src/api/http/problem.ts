import type { Hook } from '@hono/zod-openapi';
import { z } from '@hono/zod-openapi';
import type { Context, Env } from 'hono';
import { HTTPException } from 'hono/http-exception';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { CodedError } from '../../error.ts';
import type { Log } from '../../log.ts';

export const titles = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  409: 'Conflict',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  422: 'Unprocessable Content',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
} as const;
export type ProblemStatus = keyof typeof titles;

/** Where something does not hold: `pointer` is a JSON pointer into that part of the request. */
export const Fault = z.object({
  in: z.enum(['body', 'query', 'path', 'header']),
  pointer: z.string(),
  detail: z.string(),
});
export type Fault = z.infer<typeof Fault>;

/** RFC 9457. */
export const Problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    instance: z.string(),
    request_id: z.string(),
    errors: z.array(Fault).optional(),
  })
  .openapi('Problem');

/** An answer that is a problem; thrown by handlers, turned into problem+json in one place. */
export class ApiError extends CodedError<'api'> {
  readonly status: ProblemStatus;
  readonly errors: Fault[];
  readonly headers: Record<string, string>;
  constructor(
    status: ProblemStatus,
    detail: string,
    more: { errors?: Fault[]; headers?: Record<string, string> } = {},
  ) {
    super('api', detail);
    this.status = status;
    this.errors = more.errors ?? [];
    this.headers = more.headers ?? {};
  }
}

/** One part of the body does not hold. */
export function invalidField(field: string, detail: string, status: 409 | 422 = 422): ApiError {
  return new ApiError(status, detail, { errors: [{ in: 'body', pointer: pointer([field]), detail }] });
}

export function notFound(what: string): ApiError {
  return new ApiError(404, `There is no ${what}.`);
}

/** What a request's schema refuses, all of it at once. */
export const refuseInvalid: Hook<unknown, Env, string, unknown> = (result) => {
  if (result.success) return;
  const part = (
    { json: 'body', form: 'body', query: 'query', param: 'path', header: 'header', cookie: 'header' } as const
  )[result.target];
  const errors = result.error.issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => ({ in: part, pointer: pointer([...issue.path, key]), detail: 'unknown' }))
      : [{ in: part, pointer: pointer(issue.path), detail: issue.message }],
  );
  const places = errors.map((error) => `${error.pointer}: ${error.detail}`).join('; ');
  throw new ApiError(422, `The ${part} of the request does not hold: ${places}`, { errors });
};

/** The one place where errors become answers; what nobody foresaw is logged and tells the client nothing but its request's id. */
export function answerError(log: Log): (error: Error, c: Context) => Response {
  return (error, c) => {
    const known = error instanceof ApiError ? error : fromHono(error);
    if (known === null) log.error({ err: error, request_id: c.get('requestId') }, 'a request failed');
    return answerProblem(c, known ?? new ApiError(500, 'Gantry failed; its log tells more under this request_id.'));
  };
}

export function answerProblem(c: Context, { status, message, errors, headers }: ApiError): Response {
  const problem = {
    type: 'about:blank',
    title: titles[status],
    status,
    detail: message,
    instance: c.req.path,
    request_id: c.get('requestId'),
    ...(errors.length > 0 && { errors }),
  } satisfies z.infer<typeof Problem>;
  return c.body(JSON.stringify(problem), status satisfies ContentfulStatusCode, {
    ...headers,
    'content-type': 'application/problem+json',
  });
}

function fromHono(error: Error): ApiError | null {
  if (!(error instanceof HTTPException)) return null;
  if (error.status === 415) return new ApiError(415, 'Send the body as application/json, and say so in Content-Type.');
  return error.status in titles ? new ApiError(error.status as ProblemStatus, error.message) : null;
}

function pointer(path: readonly PropertyKey[]): string {
  return `#${path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')}`;
}
