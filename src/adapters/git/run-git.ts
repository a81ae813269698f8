import { spawn } from 'node:child_process';
import { hasCode } from '../../error.ts';
import { failureOf } from './failure.ts';
import { GitError } from './git.ts';

const MINUTE = 60_000;
/** Bytes of standard output after which a call fails. */
const STDOUT_LIMIT = 256 * 1024 * 1024;
/** Characters at the end of standard error that are kept. */
const STDERR_LIMIT = 64 * 1024;

export interface GitCall {
  argv: string[];
  env: Record<string, string>;
  cwd: string;
  /** The beginning of error messages: `fetching acme/shop`. */
  what: string;
  signal?: AbortSignal;
  timeout?: number;
}

/** Returns standard output. Throws `GitError` or, when `signal` aborts, its reason, after the process and its helpers have ended. */
export async function runGit(call: GitCall): Promise<Buffer> {
  const { exit_code, output, stderr } = await tryGit(call);
  if (exit_code !== 0) throw failureOf(call.what, stderr);
  return output;
}

/** Like `runGit`, for commands whose exit code is the answer: it does not throw when git fails. */
export async function tryGit(call: GitCall): Promise<{ exit_code: number; output: Buffer; stderr: string }> {
  const { argv, env, cwd, what, signal, timeout = 10 * MINUTE } = call;
  signal?.throwIfAborted();
  // Its own process group, so that git's helpers are killed with it.
  const git = spawn('git', argv, { env, cwd, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const output: Buffer[] = [];
  let size = 0;
  let stderr = '';
  let ended: GitError | null = null;
  git.stdout.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size > STDOUT_LIMIT) end(new GitError('failed', `${what}: git wrote more than ${STDOUT_LIMIT} bytes`));
    else output.push(chunk);
  });
  git.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr = (stderr + chunk).slice(-STDERR_LIMIT);
  });
  const timer = setTimeout(
    () => end(new GitError('unreachable', `${what}: timed out after ${timeout / MINUTE} minutes`)),
    timeout,
  );
  const abort = () => killGroup(git.pid);
  signal?.addEventListener('abort', abort, { once: true });
  try {
    const exit_code = await new Promise<number>((resolve, reject) => {
      git.on('error', (cause) => reject(new GitError('failed', `${what}: cannot run git`, { cause })));
      git.on('close', (code) => resolve(code ?? -1));
    });
    signal?.throwIfAborted();
    if (ended !== null) throw ended;
    return { exit_code, output: Buffer.concat(output), stderr };
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
  }

  function end(error: GitError): void {
    ended ??= error;
    killGroup(git.pid);
  }
}

function killGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if (!hasCode(error, 'ESRCH')) throw error;
  }
}
