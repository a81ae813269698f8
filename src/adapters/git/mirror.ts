import { mkdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { CloneSource } from '../../jobs/protocol/grant.ts';
import { failureOf } from './failure.ts';
import { GitError } from './git.ts';
import { askGit, type GitCall, runGit } from './run-git.ts';
import { type GitSettings, isAllowed, localEnvironment, remoteEnvironment } from './settings.ts';

const FETCH_TIMEOUT = 30 * 60_000;
const SHA = /^([0-9a-f]{40}|[0-9a-f]{64})$/;
/** What a remote has that gives out only what its refs name. */
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
  if (!/^\w+$/.test(repo)) throw new TypeError(`no repository's id: ${repo}`);
  return join(dir, `${repo}.git`);
}

/** See `Git.fetch`. A commit that is here already costs no word with the remote. */
export async function fetchCommit(
  mirrors: Mirrors,
  source: CloneSource,
  want: { ref: string; sha: string | null },
  signal: AbortSignal,
): Promise<string> {
  if (!isAllowed(source.clone_url))
    throw new GitError('denied', `${source.clone_url} is not an https: address, nor an http: one on this machine`);
  if (want.sha !== null && !SHA.test(want.sha)) throw new GitError('not_found', `${want.sha} is no commit's SHA`);
  const mirror = new Mirror(mirrors, source, signal);
  const sha = want.sha ?? (await mirror.resolve(want.ref));
  const known = await mirror.kept(sha);
  if (known !== null) return known;
  // Of private repositories too: nobody else of this machine reads them.
  await mkdir(mirrors.dir, { recursive: true, mode: 0o700 });
  return mirrors.locks.whileLocked(join(mirrors.dir, `${source.id}.lock`), signal, async () => {
    await mirror.init(sha);
    try {
      return await mirror.bring(sha, want.ref);
    } catch (error) {
      if (!(error instanceof GitError && error.code === 'failed') || (await mirror.isSound())) throw error;
      // Broken by a crash of the host, perhaps: it is only a copy.
      await rm(mirror.path, { recursive: true, force: true });
      await mirror.init(sha);
      return await mirror.bring(sha, want.ref);
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

  /** The commit that a ref names at the remote; a short name is a branch, or else a tag. */
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
    const hint = ref.startsWith('refs/heads/')
      ? `; if it is a tag, name it in full: ${ref.replace('heads', 'tags')}`
      : '';
    throw new GitError('not_found', `${this.#source.name} has no ${ref}${hint}`);
  }

  /** The commit behind `sha`, when a ref of ours keeps it with all that it needs. */
  async kept(sha: string): Promise<string | null> {
    const found = await stat(join(this.path, 'HEAD')).catch(() => null);
    if (found === null) return null;
    const { exit_code, output } = await askGit(
      this.#local(['rev-parse', '-q', '--verify', '--end-of-options', `${keptRef(sha)}^{commit}`]),
    );
    return exit_code === 0 ? output.toString().trim() : null;
  }

  async init(sha: string): Promise<void> {
    const format = sha.length === 64 ? 'sha256' : 'sha1';
    const argv = ['init', '-q', '--bare', '--template=', `--object-format=${format}`, '--', this.path];
    await runGit({ ...this.#local(argv), cwd: '/' });
  }

  async bring(sha: string, ref: string): Promise<string> {
    // Someone else may have brought it while we waited for the lock.
    const known = await this.kept(sha);
    if (known !== null) return known;
    const asked = await this.#fetch([`+${sha}:${keptRef(sha)}`]);
    if (asked.exit_code !== 0) {
      const failure = failureOf(`fetching ${this.#source.name}`, asked.said);
      if (failure.code !== 'not_found') throw failure;
      await this.#bringByRef(sha, ref, failure);
    }
    const commit = await this.kept(sha);
    if (commit === null) throw new GitError('not_found', `${sha} of ${this.#source.name} is not a commit`);
    if (commit !== sha) await runGit(this.#local(['update-ref', keptRef(commit), commit]));
    return commit;
  }

  /** The way with remotes that do not give out commits by their SHA: what the refs name, and then a look whether it came. */
  async #bringByRef(sha: string, ref: string, failure: GitError): Promise<void> {
    const tries = ref.startsWith('refs/') ? [[`+${ref}:refs/remote/${ref.slice(5)}`], EVERYTHING] : [EVERYTHING];
    for (const refspecs of tries) {
      const { exit_code, said } = await this.#fetch(refspecs);
      const missed = exit_code === 0 ? null : failureOf(`fetching ${this.#source.name}`, said);
      if (missed !== null && missed.code !== 'not_found') throw missed;
      const kept = await askGit(this.#local(['update-ref', keptRef(sha), sha]));
      if (kept.exit_code === 0) return;
    }
    const gone = `${this.#source.name} has no commit ${sha} (any more): was it replaced by a forced push?`;
    throw new GitError('not_found', gone, { cause: failure });
  }

  async isSound(): Promise<boolean> {
    const { exit_code } = await askGit(this.#local(['fsck', '--connectivity-only', '--no-dangling', '--no-progress']));
    return exit_code === 0;
  }

  #fetch(refspecs: string[]): Promise<{ exit_code: number; said: string }> {
    const argv = ['fetch', '-q', '--no-tags', '--no-auto-maintenance', '--no-write-fetch-head'];
    return askGit({ ...this.#remote([...argv, '--', this.#source.clone_url, ...refspecs]), timeout: FETCH_TIMEOUT });
  }

  #remote(argv: string[]): GitCall {
    const env = remoteEnvironment(this.#mirrors.settings, this.#source);
    return { argv, env, cwd: this.path, what: `fetching ${this.#source.name}`, signal: this.#signal };
  }

  #local(argv: string[]): GitCall {
    const env = localEnvironment(this.#mirrors.settings);
    return { argv, env, cwd: this.path, what: `the mirror of ${this.#source.name}`, signal: this.#signal };
  }
}

/** Keeps a commit from being collected, and lets a clone ask for it by name. */
export function keptRef(sha: string): string {
  return `refs/gantry/${sha}`;
}
