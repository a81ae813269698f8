import { checkOut } from './checkout.ts';
import { changedPaths, commitOf, filesOf, readFile, relationOf } from './contents.ts';
import type { Git } from './git.ts';
import { fetchCommit, type MirrorLocks } from './mirror.ts';

/** Runs the git on PATH with Gantry's settings only. */
export function openGit(options: {
  mirrors_dir: string;
  ca_file: string | null;
  proxy_env: Record<string, string>;
  locks: MirrorLocks;
}): Git {
  const { mirrors_dir: dir, ca_file, proxy_env, locks } = options;
  const mirrors = { dir, locks, settings: { ca_file, proxy_env } };
  return {
    fetch: (source, want, signal) => fetchCommit(mirrors, source, want, signal),
    commit: (repo, sha) => commitOf(mirrors, repo, sha),
    files: (repo, sha, folder) => filesOf(mirrors, repo, sha, folder),
    read: (repo, sha, path, limit) => readFile(mirrors, repo, sha, path, limit),
    changed: (repo, from, to, fromMergeBase) => changedPaths(mirrors, repo, from, to, fromMergeBase),
    relation: (repo, sha, other) => relationOf(mirrors, repo, sha, other),
    checkout: (repo, sha, ref, target, options) => checkOut(mirrors, repo, sha, ref, target, options),
  };
}
