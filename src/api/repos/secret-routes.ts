import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { listSecrets, putSecret, removeSecret } from '../../control/repos/secrets.ts';
import { time } from '../../control/runs/present.ts';
import type { ServerDeps } from '../../deps.ts';
import { pageOf } from '../http/page.ts';
import { notFound } from '../http/problem.ts';
import { json, jsonBody, problems, secured, Timestamp } from '../http/route.ts';
import { RepoPath, requireRepo } from './repo-routes.ts';

/** As on GitHub, names are case-insensitive and stored in upper case. */
const SecretPath = RepoPath.extend({
  secret: z
    .string()
    .max(255)
    .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must contain only letters, digits and _, and not start with a digit')
    .transform((name) => name.toUpperCase())
    .refine((name) => !name.startsWith('GITHUB_'), 'must not start with GITHUB_: this prefix is reserved'),
});

const NewSecret = z
  .strictObject({
    value: z
      .string()
      .refine((value) => Buffer.byteLength(value) <= 48 * 1024, 'must be at most 48 KiB')
      .refine((value) => !value.includes('\0'), 'must not contain a NUL character'),
  })
  .openapi('NewSecret');

const Secret = z.object({ name: z.string(), version: z.int(), updated_at: Timestamp }).openapi('Secret');

const list = createRoute({
  operationId: 'listSecrets',
  method: 'get',
  path: '/repos/{name}/secrets',
  summary: "List the names of a repository's secrets",
  ...secured,
  request: { params: RepoPath },
  responses: { 200: json(pageOf(Secret), 'All secrets, sorted by name. Values are never returned.'), ...problems(404) },
});

const put = createRoute({
  operationId: 'setSecret',
  method: 'put',
  path: '/repos/{name}/secrets/{secret}',
  summary: 'Set a secret',
  ...secured,
  request: { params: SecretPath, ...jsonBody(NewSecret) },
  responses: { 204: { description: 'The value is encrypted and stored.' }, ...problems(400, 404, 413, 415, 422, 507) },
});

const remove = createRoute({
  operationId: 'removeSecret',
  method: 'delete',
  path: '/repos/{name}/secrets/{secret}',
  summary: 'Delete a secret',
  ...secured,
  request: { params: SecretPath },
  responses: {
    204: { description: 'Deleted. Kept releases can still use the version that they were created with.' },
    ...problems(404, 422, 507),
  },
});

export function secretRoutes(deps: Pick<ServerDeps, 'now' | 'store' | 'vault'>) {
  return new OpenAPIHono()
    .openapi(list, async (c) => {
      const repo = await requireRepo(deps, c.req.valid('param').name);
      const secrets = await listSecrets(deps.store.read, repo.id);
      const items = secrets.map(({ updated_at, ...secret }) => ({ ...secret, updated_at: time(updated_at) }));
      return c.json({ items, next_cursor: null }, 200);
    })
    .openapi(put, async (c) => {
      const { name, secret } = c.req.valid('param');
      const repo = await requireRepo(deps, name);
      await putSecret(deps, repo.id, secret, c.req.valid('json').value);
      return c.body(null, 204);
    })
    .openapi(remove, async (c) => {
      const { name, secret } = c.req.valid('param');
      const repo = await requireRepo(deps, name);
      if (!(await removeSecret(deps, repo.id, secret))) throw notFound(`secret ${secret} of ${repo.name}`);
      return c.body(null, 204);
    });
}
