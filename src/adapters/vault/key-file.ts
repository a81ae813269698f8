import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { CodedError, hasCode } from '../../error.ts';

export const KEY_BYTES = 32;

export type KeyErrorCode = 'missing' | 'wrong_size' | 'exposed';

/** A key that cannot be used; the message says what to do. */
export class KeyError extends CodedError<KeyErrorCode> {}

/** The master key, made on the first start. With a database and no key it refuses: what that database sealed would be lost unnoticed. */
export function masterKey(serverDir: string, hasDatabase: boolean): Buffer {
  const path = join(serverDir, 'key');
  const found = readKey(path);
  if (found !== null) return found;
  if (hasDatabase)
    throw new KeyError(
      'missing',
      `${path} is missing but the database beside it exists: put the key back from your backup (without it no stored secret opens), or move the database away to start anew.`,
    );
  mkdirSync(serverDir, { recursive: true, mode: 0o700 });
  createFile(path, randomBytes(KEY_BYTES), 0o600);
  return readKey(path) ?? randomBytes(0);
}

/** The derived key that workers read: 0640, so that a group can be let in. Rewritten only when it differs. */
export function publishWorkerKey(path: string, key: Buffer): void {
  if (readBytes(path)?.equals(key)) return;
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  const fresh = writeBeside(path, key, 0o640);
  renameSync(fresh, path);
  syncFolder(dirname(path));
}

/** What the server published for this host's workers. */
export function readWorkerKey(path: string): Buffer {
  const key = readKey(path, 0o007);
  if (key === null)
    throw new KeyError(
      'missing',
      `${path} is missing: the server writes it when it starts. On another host, copy it there and set GANTRY_WORKER_KEY_FILE.`,
    );
  return key;
}

function readKey(path: string, forbidden = 0o077): Buffer | null {
  const key = readBytes(path);
  if (key === null) return null;
  if (key.length !== KEY_BYTES)
    throw new KeyError(
      'wrong_size',
      `${path} has ${key.length} bytes where a key has ${KEY_BYTES}: put the right file back.`,
    );
  const mode = statSync(path).mode & 0o777;
  if ((mode & forbidden) !== 0)
    throw new KeyError(
      'exposed',
      `${path} has mode ${mode.toString(8)}, so others on this host can read it: chmod ${(mode & ~forbidden).toString(8)} ${path}.`,
    );
  return key;
}

function readBytes(path: string): Buffer | null {
  try {
    return readFileSync(path);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return null;
    throw error;
  }
}

/** Whole or not at all, and never over a file that another process made meanwhile. */
function createFile(path: string, bytes: Buffer, mode: number): void {
  const fresh = writeBeside(path, bytes, mode);
  try {
    linkSync(fresh, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(fresh);
  }
  syncFolder(dirname(path));
}

function writeBeside(path: string, bytes: Buffer, mode: number): string {
  const fresh = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`;
  const file = openSync(fresh, 'wx', 0o600);
  try {
    writeSync(file, bytes);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  chmodSync(fresh, mode);
  return fresh;
}

function syncFolder(path: string): void {
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
