import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Git } from '../../../src/adapters/git/git.ts';
import { openGit } from '../../../src/adapters/git/open.ts';
import { openLocks } from '../../../src/adapters/lock/locks.ts';
import { type GitServer, startGitServer } from '../../git-server.ts';

let dir: string;
let git: Git;
let server: GitServer;
let first: string;
let second: string;
let side: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'gantry-mirrors-'));
  git = openGit({ mirrors_dir: dir, ca_file: null, proxy_env: {}, locks: openLocks() });
  server = await startGitServer();
  const clone_url = await server.create('acme/shop');
  first = await server.push('acme/shop', {
    'README.md': 'hello',
    '.github/workflows/ci.yml': 'on: push',
    '.github/workflows/ünï "x"\t.yml': 'on: tag',
    '.github/workflows/link.yml': { link: '../../../../etc/passwd' },
    'folder/link': { link: '../.github' },
    'run.sh': { script: '#!/bin/sh' },
    'big.txt': 'x'.repeat(5000),
    ':(glob)*': 'literal',
  });
  second = await server.push(
    'acme/shop',
    { 'README.md': 'again', 'run.sh': null },
    { message: 'Second\n\nWith a body' },
  );
  side = await server.push('acme/shop', { 'side.txt': 'x' }, { ref: 'side', parent: first });
  const source = { id: 'repo_1', name: 'acme/shop', clone_url, token: null };
  for (const sha of [second, side]) await git.fetch(source, { ref: 'x', sha }, AbortSignal.timeout(60_000));
});
afterAll(async () => {
  await server.end();
  await rm(dir, { recursive: true, force: true });
});

test('Regular files below a folder are listed, with any characters in their names', async () => {
  expect((await git.files('repo_1', first, '.github/workflows')).toSorted()).toEqual([
    '.github/workflows/ci.yml',
    '.github/workflows/ünï "x"\t.yml',
  ]);
  expect(await git.files('repo_1', second, '')).not.toContain('folder/link');
  expect(await git.files('repo_1', second, 'none')).toEqual([]);
});

test('A file has the content of the given commit', async () => {
  expect(await git.read('repo_1', first, 'README.md', 100)).toBe('hello');
  expect(await git.read('repo_1', second, 'README.md', 100)).toBe('again');
  expect(await git.read('repo_1', second, ':(glob)*', 100)).toBe('literal');
});

test.each(['none.txt', '.github/workflows/link.yml', '.github', 'folder/link/workflows/ci.yml', 'big.txt', '../x', ''])(
  '%j is not read: missing, a link, a folder, behind a link or too large',
  async (path) => {
    expect(await git.read('repo_1', first, path, 1000)).toBeNull();
  },
);

test('A commit has a message, an author and a time', async () => {
  const commit = await git.commit('repo_1', second);
  expect(commit).toMatchObject({ message: 'Second\n\nWith a body', author: 'Ada' });
  expect(Math.abs(commit.committed_at - Date.now())).toBeLessThan(120_000);
});

test('Changed paths differ between two commits, or since their merge base', async () => {
  expect((await git.changed('repo_1', first, second, false))?.toSorted()).toEqual(['README.md', 'run.sh']);
  expect((await git.changed('repo_1', second, side, false))?.toSorted()).toEqual(['README.md', 'run.sh', 'side.txt']);
  expect(await git.changed('repo_1', second, side, true)).toEqual(['side.txt']);
  expect(await git.changed('repo_1', 'a'.repeat(40), second, false)).toBeNull();
  expect(await git.changed('repo_1', '0'.repeat(40), second, false)).toBeNull();
});

test('A commit is ancestor, newer, same, unrelated or unknown in relation to another', async () => {
  expect(await git.relation('repo_1', first, second)).toBe('ancestor');
  expect(await git.relation('repo_1', second, first)).toBe('newer');
  expect(await git.relation('repo_1', first, first)).toBe('same');
  expect(await git.relation('repo_1', side, second)).toBe('unrelated');
  expect(await git.relation('repo_1', second, 'a'.repeat(40))).toBe('unknown');
});
