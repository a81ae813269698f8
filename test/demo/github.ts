/**
 * A fake GitHub for the demo, on loopback: git repositories over HTTP that accept pushes, the fake GitHub API, and a signed webhook for
 * each push.
 *
 *   node --import ./src/register.ts test/demo/github.ts --port 0 --dir FOLDER --token TOKEN
 *
 * Prints its URL as the first line. POST /_demo/repos {full_name, id, webhook: {url, secret}} creates a repository or changes its webhook.
 */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join, resolve } from 'node:path';
import { json } from 'node:stream/consumers';
import { parseArgs, promisify } from 'node:util';
import { z } from 'zod';
import { serveGit } from '../git-server.ts';
import { startGitHub } from '../github/github.ts';
import { deliver, pushPayload } from '../github/webhook.ts';

const NewRepository = z.object({
  full_name: z.string().regex(/^[\w-]+\/[\w-]+$/),
  id: z.int(),
  webhook: z.object({ url: z.url(), secret: z.string() }).nullable(),
});
type Webhook = z.infer<typeof NewRepository>['webhook'];

const run = promisify(execFile);
const { values } = parseArgs({
  options: { port: { type: 'string', default: '0' }, dir: { type: 'string' }, token: { type: 'string' } },
});
const dir = resolve(values.dir ?? '.');
const webhooks = new Map<string, Webhook>();
const github = await startGitHub({ port: Number(values.port), tokens: values.token ? [values.token] : [], intercept });
process.stdout.write(`${github.url}\n`);
await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
await github.close();

function intercept(path: string, request: IncomingMessage, response: ServerResponse): boolean {
  const name = /^\/([\w-]+\/[\w-]+)\.git\//.exec(path)?.[1];
  const handled =
    path === '/_demo/repos' ? addRepository(request, response) : name && serveRepository(name, request, response);
  if (!handled) return false;
  handled.catch((error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
    response.destroy();
  });
  return true;
}

async function addRepository(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { full_name, id, webhook } = NewRepository.parse(await json(request));
  const path = join(dir, `${full_name}.git`);
  await mkdir(path, { recursive: true });
  await git(path, 'init', '-q', '--bare', '-b', 'main');
  await git(path, 'config', 'http.receivepack', 'true');
  await git(path, 'config', 'uploadpack.allowAnySHA1InWant', 'true');
  const clone_url = `${github.url}/${full_name}.git`;
  if (!webhooks.has(full_name)) github.addRepository({ full_name, id, clone_url });
  webhooks.set(full_name, webhook);
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ clone_url }));
}

async function serveRepository(name: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = join(dir, `${name}.git`);
  const isPush = request.method === 'POST' && request.url?.endsWith('/git-receive-pack') === true;
  const before = isPush ? await readRefs(path) : new Map<string, string>();
  await serveGit(dir, {}, request, response);
  if (isPush) await sendWebhooks(name, path, before, await readRefs(path));
}

/** Sends a webhook for each ref that the push created, updated or deleted. */
async function sendWebhooks(
  name: string,
  path: string,
  before: Map<string, string>,
  after: Map<string, string>,
): Promise<void> {
  const webhook = webhooks.get(name);
  if (webhook === undefined || webhook === null) return;
  for (const ref of new Set([...before.keys(), ...after.keys()])) {
    const [old, sha] = [before.get(ref), after.get(ref)];
    if (old === sha) continue;
    const payload = pushPayload({
      repository: github.repository(name),
      ref,
      sha: sha ?? null,
      ...(old !== undefined && { before: old }),
      forced: old !== undefined && sha !== undefined && !(await isAncestor(path, old, sha)),
      message: sha === undefined ? '' : await git(path, 'log', '-1', '--format=%B', sha),
    });
    const { status, body } = await deliver(webhook.url, { event: 'push', payload, secret: webhook.secret });
    process.stderr.write(`${name} ${ref}: webhook answered with ${status} ${body}\n`);
  }
}

async function readRefs(path: string): Promise<Map<string, string>> {
  const lines = await git(path, 'for-each-ref', '--format=%(refname) %(objectname)');
  return new Map(
    lines
      .split('\n')
      .filter(Boolean)
      .map((line) => line.split(' ') as [string, string]),
  );
}

async function isAncestor(path: string, old: string, sha: string): Promise<boolean> {
  return git(path, 'merge-base', '--is-ancestor', old, sha).then(
    () => true,
    () => false,
  );
}

async function git(path: string, ...argv: string[]): Promise<string> {
  return (await run('git', ['-C', path, ...argv])).stdout.trim();
}
