import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { time } from '../control/runs/present.ts';
import { createToken, removeToken, type Token as TokenRow } from '../control/tokens.ts';
import type { ServerDeps } from '../deps.ts';
import { pageOf, pageQuery, paginate } from './http/page.ts';
import { notFound } from './http/problem.ts';
import { json, jsonBody, problems, secured, Timestamp } from './http/route.ts';

const NewToken = z
  .strictObject({
    name: z
      .string()
      .trim()
      .min(1)
      .max(100)
      .regex(/^[^\p{Cc}]*$/u, 'must not contain control characters'),
  })
  .openapi('NewToken');

const Token = z
  .object({
    id: z.string(),
    name: z.string(),
    created_at: Timestamp,
    last_used_at: Timestamp.nullable().describe('Accurate to the minute.'),
  })
  .openapi('Token');

const CreatedToken = z
  .object({ ...Token.shape, token: z.string().describe('Not shown again.') })
  .openapi('CreatedToken');

const list = createRoute({
  operationId: 'listTokens',
  method: 'get',
  path: '/tokens',
  summary: 'List tokens, newest first',
  ...secured,
  request: { query: pageQuery('tok', {}) },
  responses: { 200: json(pageOf(Token), 'A page of tokens.'), ...problems(422) },
});

const create = createRoute({
  operationId: 'createToken',
  method: 'post',
  path: '/tokens',
  summary: 'Create a token',
  ...secured,
  request: jsonBody(NewToken),
  responses: { 201: json(CreatedToken, 'The new token.'), ...problems(400, 413, 415, 422, 507) },
});

const remove = createRoute({
  operationId: 'revokeToken',
  method: 'delete',
  path: '/tokens/{id}',
  summary: 'Revoke a token immediately',
  ...secured,
  request: { params: z.object({ id: z.string() }) },
  responses: { 204: { description: 'Revoked.' }, ...problems(404, 507) },
});

export function tokenRoutes(deps: Pick<ServerDeps, 'hashToken' | 'newId' | 'newToken' | 'now' | 'store'>) {
  return new OpenAPIHono()
    .openapi(list, async (c) => {
      const { limit, cursor } = c.req.valid('query');
      let query = deps.store.read
        .selectFrom('tokens')
        .selectAll()
        .where('scope', '=', 'admin')
        .orderBy('id', 'desc')
        .limit(limit + 1);
      if (cursor !== undefined) query = query.where('id', '<', cursor);
      const { rows, next_cursor } = paginate(await query.execute(), limit);
      return c.json({ items: rows.map(show), next_cursor }, 200);
    })
    .openapi(create, async (c) => {
      const { token, ...row } = await createToken(deps, c.req.valid('json').name);
      return c.json({ ...show(row), token }, 201);
    })
    .openapi(remove, async (c) => {
      const { id } = c.req.valid('param');
      if (!(await removeToken(deps, id))) throw notFound(`token ${id}`);
      return c.body(null, 204);
    });
}

function show({ id, name, created_at, last_used_at }: TokenRow): z.infer<typeof Token> {
  return { id, name, created_at: time(created_at), last_used_at: time(last_used_at) };
}
