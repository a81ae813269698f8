import { mkdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { CloneSource } from '../../jobs/protocol/grant.ts';
import { failureOf } from './failure.ts';
import { GitError } from './git.ts';
import { type GitCall, runGit, tryGit } from './run-git.ts';
import { type GitSettings, isAllowed, localEnvironment, remoteEnvironment } from './settings.ts';

const FETCH_TIMEOUT = 30 * 60_000;
const SHA = /^([0-9a-f]{40}|[0-9a-f]{64})$/;
/** For remotes that refuse to serve a commit by its SHA. */
const EVERYTHING = [
  '+refs/heads/*:refs/remote/heads/*',
  '+refs/tags/*:refs/remote/tags/*',
  '+refs/pull/*/head:refs/remote/pull/*/head',
];

/** Locks between the processes of this host, by file. */
export interface MirrorLocks {
  whileLocked<T>(file: string, signal: AbortSignal, work: () => Promise<T>): Promise<T>;
}

export interface Mirrors {
  dir: string;
  locks: MirrorLocks;
  settings: GitSettings;
}

export function mirrorPath({ dir }: Mirrors, repo: string): string {
  if (!/^\w+$/.test(repo)) throw new TypeError(`invalid repository id: ${repo}`);
  return join(dir, `${repo}.git`);
}

/** See `Git.fetch`. Does not contact the remote when the mirror already has the commit. */
export async function fetchCommit(
  mirrors: Mirrors,
  source: CloneSource,
  want: { ref: string; sha: string | null },
  signal: AbortSignal,
): Promise<string> {
  if (!isAllowed(source.clone_url))
    throw new GitError('denied', `cannot clone from ${source.clone_url}: use an https: URL, or http: on this machine`);
  if (want.sha !== null && !SHA.test(want.sha)) throw new GitError('not_found', `${want.sha} is not a commit SHA`);
  const mirror = new Mirror(mirrors, source, signal);
  const sha = want.sha ?? (await mirror.resolve(want.ref));
  const known = await mirror.kept(sha);
  if (known !== null) return known;
  // A mirror may be of a private repository, which other users of this machine must not read.
  await mkdir(mirrors.dir, { recursive: true, mode: 0o700 });
  return mirrors.locks.whileLocked(join(mirrors.dir, `${source.id}.lock`), signal, async () => {
    await mirror.init(sha);
    try {
      return await mirror.fetch(sha, want.ref);
    } catch (error) {
      if (!(error instanceof GitError && error.code === 'failed') || (await mirror.isSound())) throw error;
      // The mirror is broken, perhaps by a crash of the host. It is only a copy: fetch it again.
      await rm(mirror.path, { recursive: true, force: true });
      await mirror.init(sha);
      return await mirror.fetch(sha, want.ref);
    }
  });
}

class Mirror {
  readonly path: string;
  readonly #mirrors: Mirrors;
  readonly #source: CloneSource;
  readonly #signal: AbortSignal;

  constructor(mirrors: Mirrors, source: CloneSource, signal: AbortSignal) {
    this.path = mirrorPath(mirrors, source.id);
    this.#mirrors = mirrors;
    this.#source = source;
    this.#signal = signal;
  }

  /** The commit of a ref at the remote; a short name is a branch or, if there is none, a tag. */
  async resolve(ref: string): Promise<string> {
    const names = ref === 'HEAD' || ref.startsWith('refs/') ? [ref] : [`refs/heads/${ref}`, `refs/tags/${ref}`];
    const listed = await runGit({
      ...this.#remote([
        'ls-remote',
        '-q',
        '--',
        this.#source.clone_url,
        ...names.flatMap((name) => [name, `${name}^{}`]),
      ]),
      what: `reading the refs of ${this.#source.name}`,
      cwd: '/',
    });
    const found = new Map(
      listed
        .toString()
        .split('\n')
        .map((line) => line.split('\t').toReversed() as [string, string]),
    );
    for (const name of names) {
      const sha = found.get(`${name}^{}`) ?? found.get(name);
      if (sha !== undefined) return sha;
    }
    const hint = ref.startsWith('refs/heads/') ? `; for a tag use ${ref.replace('heads', 'tags')}` : '';
    throw new GitError('not_found', `${this.#source.name} has no ${ref}${hint}`);
  }

  /** The commit of `sha` if its ref shows that the mirror has it completely, else null. */
  async kept(sha: string): Promise<string | null> {
    const found = await stat(join(this.path, 'HEAD')).catch(() => null);
    if (found === null) return null;
    const { exit_code, output } = await tryGit(
      this.#local(['rev-parse', '-q', '--verify', '--end-of-options', `${keptRef(sha)}^{commit}`]),
    );
    return exit_code === 0 ? output.toString().trim() : null;
  }

  async init(sha: string): Promise<void> {
    const format = sha.length === 64 ? 'sha256' : 'sha1';
    const argv = ['init', '-q', '--bare', '--template=', `--object-format=${format}`, '--', this.path];
    await runGit({ ...this.#local(argv), cwd: '/' });
  }

  async fetch(sha: string, ref: string): Promise<string> {
    // Another process may have fetched it while this one waited for the lock.
    const known = await this.kept(sha);
    if (known !== null) return known;
    const direct = await this.#fetchRefs([`+${sha}:${keptRef(sha)}`]);
    if (direct.exit_code !== 0) {
      const failure = failureOf(`fetching ${this.#source.name}`, direct.stderr);
      if (failure.code !== 'not_found') throw failure;
      await this.#fetchByRef(sha, ref, failure);
    }
    const commit = await this.kept(sha);
    if (commit === null) throw new GitError('not_found', `${sha} of ${this.#source.name} is not a commit`);
    if (commit !== sha) await runGit(this.#local(['update-ref', keptRef(commit), commit]));
    return commit;
  }

  /** For remotes that refuse to serve a commit by its SHA: fetches refs until the commit is among their history. */
  async #fetchByRef(sha: string, ref: string, failure: GitError): Promise<void> {
    const tries = ref.startsWith('refs/') ? [[`+${ref}:refs/remote/${ref.slice(5)}`], EVERYTHING] : [EVERYTHING];
    for (const refspecs of tries) {
      const { exit_code, stderr } = await this.#fetchRefs(refspecs);
      const missed = exit_code === 0 ? null : failureOf(`fetching ${this.#source.name}`, stderr);
      if (missed !== null && missed.code !== 'not_found') throw missed;
      const kept = await tryGit(this.#local(['update-ref', keptRef(sha), sha]));
      if (kept.exit_code === 0) return;
    }
    const message = `${this.#source.name} has no commit ${sha}; a forced push may have removed it`;
    throw new GitError('not_found', message, { cause: failure });
  }

  async isSound(): Promise<boolean> {
    const { exit_code } = await tryGit(this.#local(['fsck', '--connectivity-only', '--no-dangling', '--no-progress']));
    return exit_code === 0;
  }

  #fetchRefs(refspecs: string[]): Promise<{ exit_code: number; stderr: string }> {
    const argv = ['fetch', '-q', '--no-tags', '--no-auto-maintenance', '--no-write-fetch-head'];
    return tryGit({ ...this.#remote([...argv, '--', this.#source.clone_url, ...refspecs]), timeout: FETCH_TIMEOUT });
  }

  #remote(argv: string[]): GitCall {
    const env = remoteEnvironment(this.#mirrors.settings, this.#source);
    return { argv, env, cwd: this.path, what: `fetching ${this.#source.name}`, signal: this.#signal };
  }

  #local(argv: string[]): GitCall {
    const env = localEnvironment(this.#mirrors.settings);
    return { argv, env, cwd: this.path, what: `using the mirror of ${this.#source.name}`, signal: this.#signal };
  }
}

/** A ref that keeps the commit from garbage collection and lets a clone fetch it by name. */
export function keptRef(sha: string): string {
  return `refs/gantry/${sha}`;
}
