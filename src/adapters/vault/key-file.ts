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

/** A key that cannot be used. The message says what to do. */
export class KeyError extends CodedError<KeyErrorCode> {}

/** The master key, created on the first start. Throws when there is a database without a key, because a new key could not open its secrets. */
export function masterKey(serverDir: string, hasDatabase: boolean): Buffer {
  const path = join(serverDir, 'key');
  const found = readKey(path);
  if (found !== null) return found;
  if (hasDatabase)
    throw new KeyError(
      'missing',
      `${path} is missing but the database beside it exists. Restore the key from a backup (stored secrets cannot be opened without it), or move the database away to start with an empty one.`,
    );
  mkdirSync(serverDir, { recursive: true, mode: 0o700 });
  createFile(path, randomBytes(KEY_BYTES), 0o600);
  const created = readKey(path);
  if (created === null) throw new KeyError('missing', `${path} was removed while Gantry started: start Gantry again.`);
  return created;
}

/** Writes the derived key for the workers, with mode 0640 so that a group can get access. Writes only when the key differs. */
export function publishWorkerKey(path: string, key: Buffer): void {
  if (readBytes(path)?.equals(key)) return;
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  const fresh = writeBeside(path, key, 0o640);
  renameSync(fresh, path);
  syncFolder(dirname(path));
}

/** The key that the server wrote for this host's workers. */
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
      `${path} has ${key.length} bytes, but a key has ${KEY_BYTES}: restore the right file.`,
    );
  const mode = statSync(path).mode & 0o777;
  if ((mode & forbidden) !== 0)
    throw new KeyError(
      'exposed',
      `${path} has mode ${mode.toString(8)}, so other users of this host can read it: chmod ${(mode & ~forbidden).toString(8)} ${path}.`,
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

/** Creates the whole file or nothing, and never replaces a file that another process created meanwhile. */
function createFile(path: string, bytes: Buffer, mode: number): void {
  const fresh = writeBeside(path, bytes, mode);
  try {
    linkSync(fresh, path);
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error;
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
