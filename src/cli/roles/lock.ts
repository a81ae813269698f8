import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { CliError } from '../exit.ts';

export interface Lock {
  release(): void;
}

/**
 * One holder at a time of `file`. SQLite's lock is the kernel's: it goes with its process, however that ends, so none is ever
 * left over. Beside it, `<file>.pid` names the holder to people. Throws `CliError` with that pid.
 */
export function takeLock(file: string, what: string): Lock {
  const database = new DatabaseSync(file, { timeout: 0 });
  const pid_file = `${file}.pid`;
  try {
    database.exec('PRAGMA journal_mode = MEMORY; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if (!isBusy(error)) throw error;
    throw taken(what, readPid(pid_file), error);
  }
  writeFileSync(pid_file, `${process.pid}\n`);
  return {
    release() {
      rmSync(pid_file, { force: true });
      database.close();
    },
  };
}

function taken(what: string, pid: number | null, cause: unknown): CliError {
  const by = pid === null ? 'by another process' : `by process ${pid}`;
  const advice =
    pid === null ? null : `End it with: kill ${pid}. Or give this one a data directory of its own with --data-dir.`;
  return new CliError('failed', `${what} is run already, ${by}`, advice, { cause });
}

const SQLITE_BUSY = 5;

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY;
}

function readPid(path: string): number | null {
  try {
    return Number.parseInt(readFileSync(path, 'utf8'), 10) || null;
  } catch {
    return null;
  }
}
