import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { Lock, Locks } from '../../deps.ts';
import { CliError } from '../terminal/exit.ts';

/** Takes the lock `file` and writes the id of this process to `<file>.pid`. If another process has the lock, throws `CliError` with its id. */
export function takeLock(locks: Locks, file: string, what: string): Lock {
  const lock = locks.take(file);
  const pid_file = `${file}.pid`;
  if (lock === null) throw alreadyRunning(what, readPid(pid_file));
  writeFileSync(pid_file, `${process.pid}\n`);
  return {
    release() {
      rmSync(pid_file, { force: true });
      lock.release();
    },
  };
}

function alreadyRunning(what: string, pid: number | null): CliError {
  if (pid === null) return new CliError('failed', `${what} is already running in another process`, null);
  const advice = `Stop it with: kill ${pid}. Or use another data directory with --data-dir.`;
  return new CliError('failed', `${what} is already running as process ${pid}`, advice);
}

function readPid(path: string): number | null {
  try {
    return Number.parseInt(readFileSync(path, 'utf8'), 10) || null;
  } catch {
    return null;
  }
}
