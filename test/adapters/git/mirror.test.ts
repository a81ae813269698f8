import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Git } from '../../../src/adapters/git/git.ts';
import { openGit } from '../../../src/adapters/git/open.ts';
import { openLocks } from '../../../src/adapters/lock/locks.ts';
import type { CloneSource } from '../../../src/jobs/protocol/grant.ts';
import { type GitServer, type GitServerOptions, startGitServer } from '../../git-server.ts';

let dir: string;
let git: Git;
let server: GitServer;
let source: CloneSource;
const signal = AbortSignal.timeout(60_000);
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'gantry-mirrors-'));
  git = openGit({ mirrors_dir: dir, ca_file: null, proxy_env: {}, locks: openLocks() });
  await serve({});
});
afterEach(async () => {
  await server.end();
  await rm(dir, { recursive: true, force: true });
});

async function serve(options: GitServerOptions): Promise<void> {
  await server?.end();
  server = await startGitServer(options);
  source = { id: 'repo_1', name: 'acme/shop', clone_url: await server.create('acme/shop'), token: null };
}

const push = (files: Parameters<GitServer['push']>[1], options?: Parameters<GitServer['push']>[2]) =>
  server.push('acme/shop', files, options);
const fetch = (ref: string, sha: string | null = null) => git.fetch(source, { ref, sha }, signal);

test('A commit is fetched by its SHA with its history; the second time without contacting the remote', async () => {
  const first = await push({ 'a.txt': 'one' });
  const second = await push({ 'a.txt': 'two' });
  expect(await fetch('refs/heads/main', second)).toBe(second);
  expect(await git.relation('repo_1', first, second)).toBe('ancestor');
  const requests = server.requests.length;
  expect(await fetch('refs/heads/main', second)).toBe(second);
  expect(server.requests.length).toBe(requests);
});

test('Mirrors are not readable by other users', async () => {
  const mirrors_dir = join(dir, 'work', 'mirrors');
  await push({ 'a.txt': 'one' });
  await openGit({ mirrors_dir, ca_file: null, proxy_env: {}, locks: openLocks() }).fetch(
    source,
    { ref: 'main', sha: null },
    signal,
  );
  expect((await stat(mirrors_dir)).mode & 0o777).toBe(0o700);
});

test('A commit that is no longer on a branch is fetched by its SHA', async () => {
  const lost = await push({ 'a.txt': 'lost' });
  await push({ 'a.txt': 'new' }, { parent: null });
  expect(await fetch('refs/heads/main', lost)).toBe(lost);
});

test('A branch, a tag, an annotated tag and a pull request are resolved to their commits', async () => {
  const sha = await push({ 'a.txt': 'one' });
  const annotated = await server.tag('acme/shop', 'v1', sha);
  await server.point('acme/shop', 'refs/tags/plain', sha);
  await server.point('acme/shop', 'refs/pull/7/head', sha);
  for (const ref of ['main', 'v1', 'HEAD', 'refs/heads/main', 'refs/tags/v1', 'refs/tags/plain', 'refs/pull/7/head'])
    expect(await fetch(ref)).toBe(sha);
  expect(await fetch('refs/tags/v1', annotated)).toBe(sha);
  await expect(fetch('refs/heads/v1')).rejects.toThrow('acme/shop has no refs/heads/v1; for a tag use refs/tags/v1');
});

test('A branch named like an option or a commit is treated as a branch', async () => {
  const first = await push({ 'a.txt': 'one' });
  const second = await push({ 'a.txt': 'two' });
  const evil = `refs/heads/--upload-pack=touch ${dir}/pwned`.replaceAll(' ', '-');
  await server.point('acme/shop', evil, first);
  await server.point('acme/shop', `refs/heads/${first}`, second);
  expect(await fetch(evil)).toBe(first);
  expect(await fetch(`refs/heads/${first}`)).toBe(second);
  expect((await readdir(dir)).toSorted()).toEqual(['repo_1.git', 'repo_1.lock']);
});

test.each([
  ['refs/heads/none', null],
  ['none', null],
  ['refs/heads/main', 'a'.repeat(40)],
  ['refs/heads/main', '--upload-pack=true'],
])('A missing ref or commit is not found: %s at %s', async (ref, sha) => {
  await push({ 'a.txt': 'one' });
  await expect(fetch(ref, sha)).rejects.toMatchObject({ code: 'not_found' });
});

test('A missing repository is not found', async () => {
  source = { ...source, clone_url: `${server.url}/acme/none.git` };
  await expect(fetch('refs/heads/main')).rejects.toMatchObject({ code: 'not_found' });
});

test('A remote that refuses to serve SHAs is asked for its refs', async () => {
  await serve({ old: true });
  const first = await push({ 'a.txt': 'one' });
  const second = await push({ 'a.txt': 'two' });
  const side = await push({ 'b.txt': 'side' }, { ref: 'refs/pull/7/head', parent: first });
  expect(await fetch('refs/heads/main', first)).toBe(first);
  expect(await fetch('refs/heads/main', second)).toBe(second);
  expect(await fetch('refs/heads/deleted', side)).toBe(side);
  await expect(fetch('refs/heads/main', 'a'.repeat(40))).rejects.toMatchObject({
    code: 'not_found',
    message: expect.stringContaining('forced push'),
  });
});

test('The token gives access, and appears neither in the mirror nor in errors', async () => {
  await serve({ token: 's3cret-token' });
  const sha = await push({ 'a.txt': 'one' });
  source = { ...source, token: 's3cret-token' };
  expect(await fetch('refs/heads/main', sha)).toBe(sha);
  expect(await readFile(join(dir, 'repo_1.git', 'config'), 'utf8')).not.toContain('s3cret');
  for (const token of ['wrong-token', null]) {
    source = { ...source, id: 'repo_2', token };
    const failure = await fetch('refs/heads/main').catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'denied' });
    expect(String(failure)).not.toMatch(/wrong-token|Basic/);
  }
});

test.each(['file:///etc', 'ssh://git@example.com/a.git', 'http://example.com/a.git', 'ext::sh -c true', '/etc', '-u'])(
  'A URL like %s is refused without connecting',
  async (clone_url) => {
    source = { ...source, clone_url };
    await expect(fetch('refs/heads/main')).rejects.toMatchObject({ code: 'denied' });
  },
);

test('A remote that does not answer is unreachable', async () => {
  source = { ...source, clone_url: 'http://127.0.0.1:1/acme/shop.git' };
  await expect(fetch('refs/heads/main')).rejects.toMatchObject({ code: 'unreachable' });
});

test('A hanging fetch ends when it is aborted, with the reason, and releases the lock', async () => {
  const silent = createServer(() => undefined).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const address = silent.address();
  const port = typeof address === 'object' ? address?.port : 0;
  source = { ...source, clone_url: `http://127.0.0.1:${port}/a.git` };
  const abort = new AbortController();
  const fetching = git.fetch(source, { ref: 'refs/heads/main', sha: 'a'.repeat(40) }, abort.signal);
  await once(silent, 'connection');
  abort.abort(new Error('cancelled by Ada'));
  await expect(fetching).rejects.toThrow('cancelled by Ada');
  expect(openLocks().isHeld(join(dir, 'repo_1.lock'))).toBe(false);
  silent.close();
});

test('Many concurrent fetches all succeed', async () => {
  const shas = [];
  for (let i = 0; i < 6; i++) shas.push(await push({ 'a.txt': `${i}` }));
  const other = openGit({ mirrors_dir: dir, ca_file: null, proxy_env: {}, locks: openLocks() });
  const fetched = await Promise.all(
    shas.flatMap((sha) => [git, other].map((each) => each.fetch(source, { ref: 'refs/heads/main', sha }, signal))),
  );
  expect(fetched).toEqual(shas.flatMap((sha) => [sha, sha]));
});

test('A broken mirror is fetched again', async () => {
  const first = await push({ 'a.txt': 'one' });
  await fetch('refs/heads/main', first);
  const pack = join(dir, 'repo_1.git', 'objects', 'pack');
  for (const name of await readdir(pack)) await truncate(join(pack, name), 10);
  for (const name of await readdir(join(dir, 'repo_1.git', 'objects')))
    if (/^[0-9a-f]{2}$/.test(name)) await rm(join(dir, 'repo_1.git', 'objects', name), { recursive: true });
  await writeFile(join(dir, 'repo_1.git', 'refs', 'gantry', first), '');
  const second = await push({ 'a.txt': 'two' });
  expect(await fetch('refs/heads/main', second)).toBe(second);
  expect(await git.read('repo_1', second, 'a.txt', 100)).toBe('two');
});
