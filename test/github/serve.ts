/**
 * The fake GitHub as a program, to push without github.com:
 *
 *   node --import ./src/register.ts test/github/serve.ts [--port 0] [--token TOKEN]...
 *
 * It prints its address, the value for GANTRY_GITHUB_API_URL. Besides GitHub's API it has
 *   POST /_fake/repos       {full_name, id?, clone_url?, default_branch?, private?}   adds a repository
 *   POST /_fake/deliveries  {url, secret?, repo, ref?, sha, before?, forced?, message?}   sends the webhook of a push
 *   GET  /_fake             the repositories with statuses and deployments, and the violations
 * It ends on SIGTERM or SIGINT.
 */
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { startGitHub } from './github.ts';
import { deliver, pushPayload } from './webhook.ts';

const NewRepository = z.object({
  full_name: z.string().regex(/^[^/]+\/[^/]+$/),
  id: z.int().exactOptional(),
  clone_url: z.string().exactOptional(),
  default_branch: z.string().exactOptional(),
  private: z.boolean().exactOptional(),
});
const Push = z.object({
  url: z.url(),
  secret: z.string().exactOptional(),
  repo: z.string(),
  ref: z.string().exactOptional(),
  sha: z.string().nullable(),
  before: z.string().exactOptional(),
  forced: z.boolean().exactOptional(),
  message: z.string().exactOptional(),
});

const { values } = parseArgs({
  options: { port: { type: 'string', default: '0' }, token: { type: 'string', multiple: true, default: [] } },
});
const github = await startGitHub({ port: Number(values.port), tokens: values.token, intercept });
process.stdout.write(`${github.url}\n`);
await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
await github.close();

function intercept(path: string, request: IncomingMessage, response: ServerResponse): boolean {
  if (!/^\/_fake(\/|$)/.test(path)) return false;
  control(path, request).then(
    (body) => respond(response, 200, body),
    (error: unknown) => respond(response, 400, { message: String(error) }),
  );
  return true;
}

async function control(path: string, request: IncomingMessage): Promise<unknown> {
  if (path === '/_fake') return { repositories: github.repositories, violations: github.violations };
  const body = await json(request);
  if (path === '/_fake/repos') return github.addRepository(NewRepository.parse(body));
  if (path !== '/_fake/deliveries') throw new Error(`Unknown path ${path}.`);
  const { url, secret, repo, ...push } = Push.parse(body);
  const payload = pushPayload({ repository: github.repository(repo), ...push });
  return deliver(url, { event: 'push', payload, ...(secret !== undefined && { secret }) });
}

function respond(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
