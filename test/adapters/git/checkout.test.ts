import { execFileSync } from 'node:child_process';
import { access, lstat, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Git } from '../../../src/adapters/git/git.ts';
import { openGit } from '../../../src/adapters/git/open.ts';
import { openLocks } from '../../../src/adapters/lock/locks.ts';
import type { CloneSource } from '../../../src/jobs/protocol/grant.ts';
import { type GitServer, startGitServer } from '../../git-server.ts';

let dir: string;
let target: string;
let git: Git;
let server: GitServer;
let source: CloneSource;
let first: string;
let second: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'gantry-checkout-'));
  target = join(dir, 'jobs', 'work');
  git = openGit({ mirrors_dir: join(dir, 'mirrors'), ca_file: null, proxy_env: {}, locks: openLocks() });
  server = await startGitServer({ token: 's3cret' });
  source = { id: 'repo_1', name: 'acme/shop', clone_url: await server.create('acme/shop'), token: 's3cret' };
  first = await server.push('acme/shop', { 'a.txt': 'one', 'run.sh': { script: '#!/bin/sh\n' } });
  second = await server.push('acme/shop', {
    'a.txt': 'two',
    '.gitattributes': '*.bin filter=lfs\n*.txt filter=evil\n',
    'large.bin': 'version https://git-lfs.github.com/spec/v1\n',
    '.gitmodules': '[submodule "x"]\n\tpath = x\n\turl = ../other\n',
    link: { link: '/etc/passwd' },
  });
  await git.fetch(source, { ref: 'refs/heads/main', sha: second }, AbortSignal.timeout(60_000));
});
afterEach(async () => {
  await server.end();
  await rm(dir, { recursive: true, force: true });
});

const checkout = (sha: string, ref: string, depth: number | null = 1) =>
  git.checkout('repo_1', sha, ref, target, { depth, clone_url: source.clone_url });
const inside = (...argv: string[]) =>
  execFileSync('git', argv, {
    cwd: target,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null' },
  })
    .toString()
    .trim();

test('A work tree has the files of its commit, is clean and on its branch', async () => {
  await checkout(second, 'refs/heads/main');
  expect(await readFile(join(target, 'a.txt'), 'utf8')).toBe('two');
  expect(inside('status', '--porcelain', '--branch')).toBe('## main...origin/main');
  expect(inside('rev-parse', 'HEAD')).toBe(second);
  await access(join(target, 'run.sh'), 1);
});

test.each(['refs/tags/v1', 'refs/pull/7/head', 'refs/heads/-x'])('Checking out %s detaches the head', async (ref) => {
  await checkout(second, ref);
  expect(inside('rev-parse', 'HEAD', '--abbrev-ref', 'HEAD')).toBe(`${second}\nHEAD`);
  expect(inside('status', '--porcelain')).toBe('');
});

test.each([
  [1, 1],
  [2, 2],
  [null, 2],
])('A depth of %s gives %i commits', async (depth, commits) => {
  await checkout(second, 'refs/heads/main', depth);
  expect(inside('rev-list', '--count', 'HEAD')).toBe(String(commits));
});

test('The remote has no credentials, and no file names the mirror', async () => {
  await checkout(second, 'refs/heads/main');
  expect(inside('remote', 'get-url', 'origin')).toBe(source.clone_url);
  for (const name of await readdir(join(target, '.git'), { recursive: true, withFileTypes: true })) {
    if (!name.isFile()) continue;
    const content = await readFile(join(name.parentPath, name.name), 'latin1');
    expect(content).not.toMatch(/s3cret|mirrors/);
  }
});

test('No object is shared with the mirror', async () => {
  await checkout(second, 'refs/heads/main', null);
  for (const entry of await readdir(join(target, '.git', 'objects'), { recursive: true, withFileTypes: true }))
    if (entry.isFile()) expect((await lstat(join(entry.parentPath, entry.name))).nlink).toBe(1);
  expect(await readdir(join(target, '.git', 'objects', 'info')).catch(() => [])).not.toContain('alternates');
});

test('Symbolic links, large-file pointers and submodules are not resolved', async () => {
  await checkout(second, 'refs/heads/main');
  expect((await lstat(join(target, 'link'))).isSymbolicLink()).toBe(true);
  expect(await readFile(join(target, 'large.bin'), 'utf8')).toContain('git-lfs');
});

test('A commit that was not fetched cannot be checked out', async () => {
  await expect(checkout('a'.repeat(40), 'refs/heads/main')).rejects.toMatchObject({ code: 'not_found' });
});

test('An older commit of a branch can be checked out on that branch', async () => {
  await git.fetch(source, { ref: 'refs/heads/main', sha: first }, AbortSignal.timeout(60_000));
  await checkout(first, 'refs/heads/main');
  expect(inside('rev-parse', 'HEAD', '--abbrev-ref', 'HEAD')).toBe(`${first}\nmain`);
});
