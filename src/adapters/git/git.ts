import { CodedError } from '../../error.ts';
import type { Relation } from '../../jobs/deploy/deployment.ts';
import type { CloneSource } from '../../jobs/protocol/grant.ts';

/** One bare mirror per repository, shared by the processes of this host. No hook or filter of a repository ever runs. */
export interface Git {
  /**
   * Fetches `sha` into the mirror, or the commit of `ref` at the remote when `sha` is null, and returns it.
   * Throws `GitError`: `not_found` (no such ref or commit), `denied` (credentials), `unreachable`, `failed`.
   */
  fetch(source: CloneSource, want: { ref: string; sha: string | null }, signal: AbortSignal): Promise<string>;
  commit(repo: string, sha: string): Promise<{ message: string; author: string; committed_at: number }>;
  /** Paths of the regular files below `folder` (empty for all) at that commit. */
  files(repo: string, sha: string, folder: string): Promise<string[]>;
  /** A file's text; null when it does not exist, is not a regular file, or is larger than `limit` bytes. */
  read(repo: string, sha: string, path: string, limit: number): Promise<string | null>;
  /** Paths that differ between two commits, or since their merge base with `from_merge_base`; null when a commit or the merge base is missing. */
  changed(repo: string, from: string, to: string, from_merge_base: boolean): Promise<string[] | null>;
  /** The relation of `sha` to `other`. */
  relation(repo: string, sha: string, other: string): Promise<Relation>;
  /** Creates a work tree with its own `.git` (no hard links) in the empty or missing folder `target`, on a branch when `ref` is one. */
  checkout(
    repo: string,
    sha: string,
    ref: string,
    target: string,
    options: { depth: number | null; clone_url: string },
  ): Promise<void>;
}

export type GitErrorCode = 'not_found' | 'denied' | 'unreachable' | 'failed';

export class GitError extends CodedError<GitErrorCode> {
  constructor(code: GitErrorCode, message: string, options?: ErrorOptions) {
    super(code, message, { ...options, fault: code === 'not_found' || code === 'denied' ? 'user' : 'host' });
  }
}
