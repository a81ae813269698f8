import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openGitHub } from '../../src/adapters/github/octokit.ts';
import { verifySignature } from '../../src/adapters/github/signature.ts';
import { readTrigger } from '../../src/adapters/github/webhook.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const SHA = 'a'.repeat(40);

let program: ReturnType<typeof start>;
let url: string;

beforeEach(async () => {
  program = start();
  const [line] = (await once(createInterface(program.stdout), 'line')) as [string];
  url = line;
});
afterEach(async () => {
  const ended = once(program, 'exit');
  program.kill('SIGTERM');
  expect((await ended)[0]).toBe(0);
});

it('The fake GitHub as a program adds a repository, accepts a status and lists it', async () => {
  await post('/_fake/repos', { full_name: 'acme/shop' });
  const status = { sha: SHA, context: 'CI / test', state: 'success', description: 'Done', target_url: null } as const;
  await openGitHub({ api_url: url })('ghp_demo').createStatus('acme/shop', status);
  const state = await (await fetch(`${url}/_fake`)).json();
  expect(state).toMatchObject({ repositories: [{ full_name: 'acme/shop', statuses: [status] }], violations: [] });
});

it('A push that it sends is signed and is read as a trigger', async () => {
  const receiver = createServer();
  receiver.listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  const webhook_url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/webhooks/github`;
  await post('/_fake/repos', { full_name: 'acme/shop', id: 7 });

  const sent = post('/_fake/deliveries', { url: webhook_url, secret: 'shared', repo: 'acme/shop', sha: SHA });
  const [request, response] = (await once(receiver, 'request')) as [IncomingMessage, ServerResponse];
  const { headers } = request;
  const body = await buffer(request);
  response.writeHead(202).end('accepted');
  expect(await sent).toMatchObject({ status: 202, body: 'accepted' });
  receiver.close();

  expect(headers).toMatchObject({
    'x-github-event': 'push',
    'x-github-hook-installation-target-type': 'repository',
    'x-github-hook-installation-target-id': '7',
  });
  expect(await verifySignature('shared', body, String(headers['x-hub-signature-256']))).toBe(true);
  const { trigger } = readTrigger('push', JSON.parse(body.toString()));
  expect(trigger).toMatchObject({ kind: 'push', ref: 'refs/heads/main', sha: SHA });
});

it('An invalid repository is rejected with the reason', async () => {
  expect(await post('/_fake/repos', { full_name: 'shop' })).toMatchObject({
    message: expect.stringContaining('full_name'),
  });
});

function start() {
  const args = ['--import', './src/register.ts', 'test/github/serve.ts', '--token', 'ghp_demo'];
  return spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] });
}

async function post(path: string, body: object): Promise<unknown> {
  const response = await fetch(`${url}${path}`, { method: 'POST', body: JSON.stringify(body) });
  return response.json();
}
