import { createHash, type Hash } from 'node:crypto';
import { constants, type Dirent } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import { hasCode } from '../../error.ts';
import { UserError } from '../user-error.ts';
import type { FilePatterns } from './hash-patterns.ts';

/** Limits of one call: files and folders visited, files hashed, bytes hashed. */
const VISIT_LIMIT = 1_000_000;
const FILE_LIMIT = 100_000;
const BYTE_LIMIT = 2 * 1024 ** 3;
/** After so many milliseconds the walk yields to the event loop. */
const YIELD_INTERVAL = 20;

/**
 * GitHub's hash of files: the SHA-256 of their SHA-256s, folder by folder in the byte order of names; '' if no file matches. Only regular
 * files count and no link is followed; the caller pauses everything that could write there. Throws `signal.reason` when aborted.
 */
export async function hashFiles(workspace: string, wanted: FilePatterns, signal: AbortSignal): Promise<string> {
  const walk = { wanted, signal, visited: 0, since: performance.now() };
  const whole = createHash('sha256');
  let files = 0;
  let bytes = 0;
  for await (const path of filesIn(toBytes(workspace), '', walk)) {
    const hash = createHash('sha256');
    const size = await addFile(`${toBytes(workspace)}/${path}`, hash, BYTE_LIMIT - bytes, signal);
    if (size === null) continue;
    bytes += size;
    if (++files > FILE_LIMIT) throw new UserError(`hashFiles() matches more than ${FILE_LIMIT} files; ${ADVICE}`);
    whole.update(hash.digest());
  }
  return files === 0 ? '' : whole.digest('hex');
}

const ADVICE = 'use patterns that match fewer';

interface Walk {
  wanted: FilePatterns;
  signal: AbortSignal;
  visited: number;
  /** When the walk last yielded. */
  since: number;
}

/** Names need not be UTF-8, so each character of a path here is one byte (latin1). */
async function* filesIn(root: string, folder: string, walk: Walk): AsyncGenerator<string> {
  const entries = await entriesOf(folder === '' ? root : `${root}/${folder}`);
  for (const entry of entries) {
    if (performance.now() - walk.since > YIELD_INTERVAL) {
      await setImmediate();
      walk.since = performance.now();
    }
    walk.signal.throwIfAborted();
    if (++walk.visited > VISIT_LIMIT)
      throw new UserError(`hashFiles() visited more than ${VISIT_LIMIT} files and folders; ${ADVICE}`);
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) {
      if (walk.wanted.reaches(toText(path))) yield* filesIn(root, path, walk);
    } else if (entry.isFile() && walk.wanted.matches(toText(path))) yield path;
  }
}

async function entriesOf(folder: string): Promise<Dirent[]> {
  const entries = await withUserError(folder, () =>
    readdir(Buffer.from(folder, 'latin1'), { withFileTypes: true, encoding: 'latin1' }),
  );
  return entries.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** Returns the file's size; null if it is not a regular file. */
async function addFile(path: string, hash: Hash, limit: number, signal: AbortSignal): Promise<number | null> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const file = await withUserError(path, () => open(Buffer.from(path, 'latin1'), flags));
  try {
    const found = await file.stat();
    if (!found.isFile()) return null;
    if (found.size > limit) throw new UserError(`hashFiles() matches more than 2 GiB of files; ${ADVICE}`);
    const end = Math.max(found.size - 1, 0);
    for await (const chunk of file.createReadStream({ autoClose: false, end, highWaterMark: 256 * 1024 })) {
      signal.throwIfAborted();
      hash.update(chunk);
    }
    return found.size;
  } finally {
    await file.close();
  }
}

/** The job created the files, so one that cannot be read is the user's fault. */
async function withUserError<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!hasCode(error, 'EACCES', 'EPERM', 'ENAMETOOLONG')) throw error;
    const name = toText(path).slice(-200);
    throw new UserError(`hashFiles() cannot read \`${name}\` (${error.code})`, { cause: error });
  }
}

function toBytes(text: string): string {
  return Buffer.from(text).toString('latin1');
}

function toText(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString();
}
