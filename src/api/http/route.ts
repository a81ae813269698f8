import { z } from '@hono/zod-openapi';
import { Problem, type ProblemStatus, titles } from './problem.ts';

/** For routes that require a token. */
export const secured = { security: [{ bearer: [] }] };

export function jsonBody<T extends z.ZodType>(schema: T) {
  return { body: { required: true, content: { 'application/json': { schema } } } } as const;
}

export function json<T extends z.ZodType>(schema: T, description: string) {
  return { description, content: { 'application/json': { schema } } } as const;
}

type ProblemResponse = { description: string; content: { 'application/problem+json': { schema: typeof Problem } } };

/** The error responses of a route; 401, 403 and 500 are always included. */
export function problems<S extends ProblemStatus>(...statuses: S[]): Record<S | 401 | 403 | 500, ProblemResponse> {
  const responses = [401, 403, ...statuses, 500].map((status) => [
    status,
    { description: titles[status as ProblemStatus], content: { 'application/problem+json': { schema: Problem } } },
  ]);
  return Object.fromEntries(responses) as Record<S | 401 | 403 | 500, ProblemResponse>;
}

/** RFC 3339. */
export const Timestamp = z.iso.datetime();
