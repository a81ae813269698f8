import type { Relation } from '../../jobs/deploy/deployment.ts';
import { type Mirrors, mirrorPath } from './mirror.ts';
import { runGit, tryGit } from './run-git.ts';
import { localEnvironment } from './settings.ts';

export async function commitOf(
  mirrors: Mirrors,
  repo: string,
  sha: string,
): Promise<{ message: string; author: string; committed_at: number }> {
  const shown = await run(mirrors, repo, ['show', '-s', '--format=%ct%x00%an%x00%B', '--end-of-options', sha, '--']);
  const [seconds = '', author = '', message = ''] = shown.toString().split('\0');
  return { message: message.trimEnd(), author, committed_at: Number(seconds) * 1000 };
}

export async function filesOf(mirrors: Mirrors, repo: string, sha: string, folder: string): Promise<string[]> {
  const below = folder === '' ? [] : [`${folder.replace(/\/+$/, '')}/`];
  const listed = await run(mirrors, repo, ['ls-tree', '-r', '-z', '--full-tree', sha, '--', ...below]);
  return entries(listed)
    .filter((entry) => entry.mode.startsWith('100'))
    .map((entry) => entry.path);
}

export async function readFile(
  mirrors: Mirrors,
  repo: string,
  sha: string,
  path: string,
  limit: number,
): Promise<string | null> {
  if (!isTreePath(path)) return null;
  const listed = await run(mirrors, repo, ['ls-tree', '-l', '-z', '--full-tree', sha, '--', path]);
  const entry = entries(listed).find((found) => found.path === path);
  if (entry === undefined || !entry.mode.startsWith('100') || entry.size > limit) return null;
  return (await run(mirrors, repo, ['cat-file', 'blob', entry.object])).toString();
}

export async function changedPaths(
  mirrors: Mirrors,
  repo: string,
  from: string,
  to: string,
  fromMergeBase: boolean,
): Promise<string[] | null> {
  if (!(await hasCommit(mirrors, repo, from)) || !(await hasCommit(mirrors, repo, to))) return null;
  const start = fromMergeBase ? await mergeBase(mirrors, repo, from, to) : from;
  if (start === null) return null;
  const diff = await run(mirrors, repo, ['diff-tree', '-r', '-z', '--name-only', '--no-renames', start, to, '--']);
  return diff.toString().split('\0').slice(0, -1);
}

export async function relationOf(mirrors: Mirrors, repo: string, sha: string, other: string): Promise<Relation> {
  if (sha === other) return 'same';
  if (!(await hasCommit(mirrors, repo, sha)) || !(await hasCommit(mirrors, repo, other))) return 'unknown';
  if (await isAncestor(mirrors, repo, sha, other)) return 'ancestor';
  return (await isAncestor(mirrors, repo, other, sha)) ? 'newer' : 'unrelated';
}

/** False for absolute paths and for `..`, `.` and empty names. */
function isTreePath(path: string): boolean {
  return path.split('/').every((name) => name !== '' && name !== '.' && name !== '..');
}

async function hasCommit(mirrors: Mirrors, repo: string, sha: string): Promise<boolean> {
  return /^[0-9a-f]{40,64}$/.test(sha) && (await exitCode(mirrors, repo, ['cat-file', '-e', `${sha}^{commit}`])) === 0;
}

async function isAncestor(mirrors: Mirrors, repo: string, sha: string, of: string): Promise<boolean> {
  return (await exitCode(mirrors, repo, ['merge-base', '--is-ancestor', sha, of])) === 0;
}

async function mergeBase(mirrors: Mirrors, repo: string, a: string, b: string): Promise<string | null> {
  const { exit_code, output } = await tryGit(call(mirrors, repo, ['merge-base', a, b]));
  return exit_code === 0 ? output.toString().trim() : null;
}

/** Parses the output of ls-tree: `mode type object[ size]\tpath\0`. */
function entries(listed: Buffer): { mode: string; object: string; size: number; path: string }[] {
  const lines = listed.toString().split('\0').slice(0, -1);
  return lines.map((line) => {
    const tab = line.indexOf('\t');
    const [mode = '', , object = '', size = '0'] = line.slice(0, tab).split(/ +/);
    return { mode, object, size: Number(size), path: line.slice(tab + 1) };
  });
}

function run(mirrors: Mirrors, repo: string, argv: string[]): Promise<Buffer> {
  return runGit(call(mirrors, repo, argv));
}

async function exitCode(mirrors: Mirrors, repo: string, argv: string[]): Promise<number> {
  return (await tryGit(call(mirrors, repo, argv))).exit_code;
}

function call(mirrors: Mirrors, repo: string, argv: string[]) {
  const env = localEnvironment(mirrors.settings);
  return { argv, env, cwd: mirrorPath(mirrors, repo), what: `reading the mirror ${repo}` };
}
