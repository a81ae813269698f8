import { CodedError } from '../../error.ts';
import type { CloneSource } from '../../jobs/protocol/grant.ts';

/** Bare mirrors, one a repository, fetched under a lock that other processes on this host honour. No hook and no filter of a repository ever runs. */
export interface Git {
  /**
   * Brings `sha` into the mirror, or what `ref` names at the remote when `sha` is null, and returns the commit.
   * Throws `GitError`: `not_found` (no such ref or commit), `denied` (credentials), `unreachable`, `failed`.
   */
  fetch(source: CloneSource, want: { ref: string; sha: string | null }, signal: AbortSignal): Promise<string>;
  commit(repo: string, sha: string): Promise<{ message: string; author: string; committed_at: number }>;
  /** Paths below `folder` (`` for all) at that commit; folders, links and submodules left out. */
  files(repo: string, sha: string, folder: string): Promise<string[]>;
  /** A file's text, or null when there is none, or when it is a link, or larger than `limit` bytes. */
  read(repo: string, sha: string, path: string, limit: number): Promise<string | null>;
  /** Paths that differ between two commits, from their merge base when `from_merge_base`; null when one is not to be had. */
  changed(repo: string, from: string, to: string, from_merge_base: boolean): Promise<string[] | null>;
  /** How `sha` stands to `other`: see Relation in jobs/deployment.ts. */
  relation(repo: string, sha: string, other: string): Promise<'ancestor' | 'same' | 'newer' | 'unrelated' | 'unknown'>;
  /** A work tree with a `.git` of its own (no hard links) in the empty or missing folder `target`, on `ref`'s branch name where it is a branch. */
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
