import { spawn } from 'node:child_process';
import { failureOf } from './failure.ts';
import { GitError } from './git.ts';

const MINUTE = 60_000;
/** Output beyond this is refused; of what is said on the side the end is kept. */
const MOST_OUTPUT = 256 * 1024 * 1024;
const MOST_SAID = 64 * 1024;

export interface GitCall {
  argv: string[];
  env: Record<string, string>;
  cwd: string;
  /** What it is for, as an error's beginning: `fetching acme/shop`. */
  what: string;
  signal?: AbortSignal;
  timeout?: number;
}

/** Standard output. Throws `GitError`; rejects with the signal's reason when that aborts, after the process and its helpers are gone. */
export async function runGit(call: GitCall): Promise<Buffer> {
  const { exit_code, output, said } = await askGit(call);
  if (exit_code !== 0) throw failureOf(call.what, said);
  return output;
}

/** For questions that git answers by its exit code. */
export async function askGit(call: GitCall): Promise<{ exit_code: number; output: Buffer; said: string }> {
  const { argv, env, cwd, what, signal, timeout = 10 * MINUTE } = call;
  signal?.throwIfAborted();
  // A group of its own, so that git's helpers end with it.
  const git = spawn('git', argv, { env, cwd, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const output: Buffer[] = [];
  let size = 0;
  let said = '';
  let ended: GitError | null = null;
  git.stdout.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size > MOST_OUTPUT) end(new GitError('failed', `${what}: git wrote more than ${MOST_OUTPUT} bytes`));
    else output.push(chunk);
  });
  git.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    said = (said + chunk).slice(-MOST_SAID);
  });
  const timer = setTimeout(
    () => end(new GitError('unreachable', `${what}: not done after ${timeout / MINUTE} minutes`)),
    timeout,
  );
  const abort = () => killGroup(git.pid);
  signal?.addEventListener('abort', abort, { once: true });
  try {
    const exit_code = await new Promise<number>((resolve, reject) => {
      git.on('error', (cause) => reject(new GitError('failed', `${what}: git cannot be run`, { cause })));
      git.on('close', (code) => resolve(code ?? -1));
    });
    signal?.throwIfAborted();
    if (ended !== null) throw ended;
    return { exit_code, output: Buffer.concat(output), said };
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
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
