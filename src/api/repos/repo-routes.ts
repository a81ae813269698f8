import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { findRepo, type Repo as RepoRow, registerRepo, removeRepo } from '../../control/repos/repos.ts';
import { time } from '../../control/runs/present.ts';
import type { ServerDeps } from '../../deps.ts';
import { pageOf, pageQuery, paginate } from '../http/page.ts';
import { ApiError, invalidField, notFound } from '../http/problem.ts';
import { json, jsonBody, problems, secured, Timestamp } from '../http/route.ts';

/** As GitHub has it: `owner/name`. */
const RepoName = z
  .string()
  .max(140)
  .regex(/^[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\/(?!\.{1,2}$)[A-Za-z0-9._-]+$/, 'not owner/name as GitHub has it');

/** In a path the slash is written %2F: the name is one segment. */
export const RepoPath = z.object({ name: z.string() });

const NewRepo = z
  .strictObject({
    name: RepoName,
    token: z.string().min(1).max(1000).optional().describe('For cloning and for telling GitHub; tried at once.'),
    clone_url: z.string().max(2000).optional(),
    webhook_secret: z.string().min(1).max(255).optional().describe('Made when not given.'),
    github_id: z.int().positive().optional().describe('Asked of GitHub, or learned from the first delivery.'),
  })
  .openapi('NewRepo');

const Repo = z
  .object({
    id: z.string(),
    name: z.string(),
    clone_url: z.string(),
    github_id: z.int().nullable(),
    default_branch: z.string(),
    has_token: z.boolean(),
    created_at: Timestamp,
  })
  .openapi('Repo');

const RegisteredRepo = z
  .object({
    ...Repo.shape,
    webhook: z
      .object({ url: z.string(), secret: z.string(), content_type: z.literal('json'), events: z.array(z.string()) })
      .describe('What to enter at GitHub. The secret is shown this once.'),
  })
  .openapi('RegisteredRepo');

const create = createRoute({
  operationId: 'registerRepo',
  method: 'post',
  path: '/repos',
  summary: 'Register a repository',
  ...secured,
  request: jsonBody(NewRepo),
  responses: { 201: json(RegisteredRepo, 'Registered.'), ...problems(400, 409, 413, 415, 422) },
});

const list = createRoute({
  operationId: 'listRepos',
  method: 'get',
  path: '/repos',
  summary: 'Registered repositories, newest first',
  ...secured,
  request: { query: pageQuery('repo', {}) },
  responses: { 200: json(pageOf(Repo), 'A page of repositories.'), ...problems(422) },
});

const get = createRoute({
  operationId: 'getRepo',
  method: 'get',
  path: '/repos/{name}',
  summary: 'One repository',
  ...secured,
  request: { params: RepoPath },
  responses: { 200: json(Repo, 'The repository.'), ...problems(404) },
});

const remove = createRoute({
  operationId: 'removeRepo',
  method: 'delete',
  path: '/repos/{name}',
  summary: 'Forget a repository: its history stays, and what is deployed goes on serving',
  ...secured,
  request: { params: RepoPath },
  responses: { 204: { description: 'Forgotten.' }, ...problems(404, 409) },
});

export function repoRoutes(deps: ServerDeps) {
  return new OpenAPIHono()
    .openapi(create, async (c) => {
      const { name, token = null, clone_url = null, webhook_secret = null, github_id = null } = c.req.valid('json');
      const answer = await registerRepo(deps, { name, token, clone_url, webhook_secret, github_id });
      if ('refused' in answer) throw invalidField(answer.field, answer.detail, answer.refused === 'exists' ? 409 : 422);
      const webhook = {
        url: `${deps.config.public_url}/webhooks/github`,
        secret: answer.webhook_secret,
        content_type: 'json' as const,
        events: ['push', 'pull_request'],
      };
      return c.json({ ...show(answer.repo), webhook }, 201, { location: `/api/v1/repos/${encodeURIComponent(name)}` });
    })
    .openapi(list, async (c) => {
      const { limit, cursor } = c.req.valid('query');
      let query = deps.store.read
        .selectFrom('repos')
        .selectAll()
        .orderBy('id', 'desc')
        .limit(limit + 1);
      if (cursor !== undefined) query = query.where('id', '<', cursor);
      const { rows, next_cursor } = paginate(await query.execute(), limit);
      return c.json({ items: rows.map(show), next_cursor }, 200);
    })
    .openapi(get, async (c) => c.json(show(await requireRepo(deps, c.req.valid('param').name)), 200))
    .openapi(remove, async (c) => {
      const { name } = c.req.valid('param');
      const outcome = await removeRepo(deps, name);
      if (outcome === 'unknown') throw unknownRepo(name);
      if (outcome === 'busy')
        throw new ApiError(409, `Runs of ${name} have not ended yet, or one is being planned; cancel them first.`);
      return c.body(null, 204);
    });
}

export async function requireRepo(deps: ServerDeps, name: string): Promise<RepoRow> {
  const repo = await findRepo(deps.store.read, name);
  if (repo === undefined) throw unknownRepo(name);
  return repo;
}

function unknownRepo(name: string): ApiError {
  return notFound(`repository ${name}`);
}

function show(repo: RepoRow): z.infer<typeof Repo> {
  return {
    id: repo.id,
    name: repo.name,
    clone_url: repo.clone_url,
    github_id: repo.github_id,
    default_branch: repo.default_branch,
    has_token: repo.token_sealed !== null,
    created_at: time(repo.created_at),
  };
}
