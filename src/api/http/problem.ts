import type { Hook } from '@hono/zod-openapi';
import { z } from '@hono/zod-openapi';
import type { Context, Env } from 'hono';
import { HTTPException } from 'hono/http-exception';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { CodedError, DiskError } from '../../error.ts';
import type { Log } from '../../log.ts';
import type { DiskCheck } from './disk-check.ts';

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
  507: 'Insufficient Storage',
} as const;
export type ProblemStatus = keyof typeof titles;

/** An invalid part of a request; `pointer` is a JSON pointer into it. */
export const InvalidPart = z.object({
  in: z.enum(['body', 'query', 'path', 'header']),
  pointer: z.string(),
  detail: z.string(),
});
export type InvalidPart = z.infer<typeof InvalidPart>;

/** An RFC 9457 problem document. */
export const Problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    instance: z.string(),
    request_id: z.string(),
    errors: z.array(InvalidPart).optional(),
  })
  .openapi('Problem');

/** Thrown by handlers; `answerError` turns it into a problem+json response. */
export class ApiError extends CodedError<'api'> {
  readonly status: ProblemStatus;
  readonly errors: InvalidPart[];
  readonly headers: Record<string, string>;
  constructor(
    status: ProblemStatus,
    detail: string,
    more: { errors?: InvalidPart[]; headers?: Record<string, string> } = {},
  ) {
    super('api', detail);
    this.status = status;
    this.errors = more.errors ?? [];
    this.headers = more.headers ?? {};
  }
}

/** An error in one property of the body. */
export function invalidField(field: string, detail: string, status: 409 | 422 = 422): ApiError {
  return new ApiError(status, detail, { errors: [{ in: 'body', pointer: pointer([field]), detail }] });
}

export function notFound(what: string): ApiError {
  return new ApiError(404, `There is no ${what}.`);
}

/** Rejects a request that does not match its schema, and lists everything that is wrong. */
export const rejectInvalid: Hook<unknown, Env, string, unknown> = (result) => {
  if (result.success) return;
  const part = PARTS[result.target];
  const errors = result.error.issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => ({ path: [...issue.path, key], detail: `unknown ${part.member} \`${key}\`` }))
      : [{ path: issue.path, detail: issue.message }],
  );
  const details = errors.map(({ path, detail }) =>
    path.length > 1 || !detail.startsWith('unknown') ? `${pointer(path)}: ${detail}` : detail,
  );
  throw new ApiError(422, `Invalid ${part.name}: ${details.join('; ')}`, {
    errors: errors.map(({ path, detail }) => ({ in: part.in, pointer: pointer(path), detail })),
  });
};

const BODY = { in: 'body', name: 'request body', member: 'property' } as const;
const HEADER = { in: 'header', name: 'headers', member: 'header' } as const;
const PARTS = {
  json: BODY,
  form: BODY,
  query: { in: 'query', name: 'query', member: 'parameter' },
  param: { in: 'path', name: 'path', member: 'parameter' },
  header: HEADER,
  cookie: HEADER,
} as const;

/** Turns every error into a response. Unexpected errors are logged; their response contains nothing but the request id. */
export function answerError(log: Log, disk: Pick<DiskCheck, 'report'>): (error: Error, c: Context) => Response {
  return (error, c) => {
    if (error instanceof DiskError) {
      disk.report(error);
      return answerProblem(c, new ApiError(507, `Nothing was stored. ${error.message}`));
    }
    const known = error instanceof ApiError ? error : fromHono(error);
    if (known === null) log.error({ err: error, request_id: c.get('requestId') }, 'request failed');
    return answerProblem(
      c,
      known ?? new ApiError(500, "Internal error. Look for this request_id in the server's log."),
    );
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
  if (error.status === 415) return new ApiError(415, 'Send the body as JSON, with Content-Type: application/json.');
  return error.status in titles ? new ApiError(error.status as ProblemStatus, error.message) : null;
}

function pointer(path: readonly PropertyKey[]): string {
  return `#${path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')}`;
}
