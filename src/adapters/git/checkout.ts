import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { keptRef, type Mirrors, mirrorPath } from './mirror.ts';
import { runGit, tryGit } from './run-git.ts';
import { localEnvironment } from './settings.ts';

const HEADS = 'refs/heads/';

/** See `Git.checkout`. Fetches through git's transport, which copies objects: the work tree shares none with the mirror. */
export async function checkOut(
  mirrors: Mirrors,
  repo: string,
  sha: string,
  ref: string,
  target: string,
  { depth, clone_url }: { depth: number | null; clone_url: string },
): Promise<void> {
  const git = (argv: string[], file = false) =>
    runGit({ argv, env: localEnvironment(mirrors.settings, file), cwd: target, what: `checking out ${sha}` });
  const branch = ref.startsWith(HEADS) ? ref.slice(HEADS.length) : null;
  const upstream = branch === null ? keptRef(sha) : `refs/remotes/origin/${branch}`;

  await mkdir(target, { recursive: true });
  await git(['init', '-q', '--template=', `--object-format=${sha.length === 64 ? 'sha256' : 'sha1'}`, '.']);
  const deep = depth === null ? [] : [`--depth=${depth}`];
  const mirror = `file://${mirrorPath(mirrors, repo)}`;
  await git(['fetch', '-q', '--no-tags', ...deep, '--', mirror, `+${keptRef(sha)}:${upstream}`], true);
  // FETCH_HEAD contains the path of the mirror on this host, which jobs must not see.
  await rm(join(target, '.git', 'FETCH_HEAD'), { force: true });

  await git(['config', 'remote.origin.url', clone_url]);
  await git(['config', 'remote.origin.fetch', '+refs/heads/*:refs/remotes/origin/*']);
  if (branch === null || !(await onBranch(branch))) await git(['update-ref', '--no-deref', 'HEAD', sha]);
  await git(['reset', '-q', '--hard', sha, '--']);

  /** Returns false when git does not accept the name of the branch. */
  async function onBranch(name: string): Promise<boolean> {
    const env = localEnvironment(mirrors.settings);
    const what = `checking out ${sha}`;
    const valid = await tryGit({ argv: ['check-ref-format', '--branch', name], env, cwd: target, what });
    if (valid.exit_code !== 0) return false;
    await git(['symbolic-ref', 'HEAD', `${HEADS}${name}`]);
    await git(['config', `branch.${name}.remote`, 'origin']);
    await git(['config', `branch.${name}.merge`, `${HEADS}${name}`]);
    return true;
  }
}
