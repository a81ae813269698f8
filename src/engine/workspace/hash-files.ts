import { createHash, type Hash } from 'node:crypto';
import { constants, type Dirent } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import { hasCode } from '../../error.ts';
import { UserError } from '../user-error.ts';
import type { FilePatterns } from './hash-patterns.ts';

/** What one call may look at, hash, and hash in bytes. */
const MOST_SEEN = 1_000_000;
const MOST_FILES = 100_000;
const MOST_BYTES = 2 * 1024 ** 3;
/** Milliseconds of work on paths before others get their turn. */
const TURN = 20;

/**
 * GitHub's hash over files: the SHA-256 of their SHA-256s, folder by folder in the order of their names' bytes; '' when there is none.
 * Regular files only, no link is followed; whoever could write there has to be held meanwhile. Throws `signal.reason` when aborted.
 */
export async function hashFiles(workspace: string, wanted: FilePatterns, signal: AbortSignal): Promise<string> {
  const walk = { wanted, signal, seen: 0, since: performance.now() };
  const whole = createHash('sha256');
  let files = 0;
  let bytes = 0;
  for await (const path of filesIn(toBytes(workspace), '', walk)) {
    const hash = createHash('sha256');
    const size = await addFile(`${toBytes(workspace)}/${path}`, hash, MOST_BYTES - bytes, signal);
    if (size === null) continue;
    bytes += size;
    if (++files > MOST_FILES) throw new UserError(`hashFiles() means more than ${MOST_FILES} files; ${NARROWER}`);
    whole.update(hash.digest());
  }
  return files === 0 ? '' : whole.digest('hex');
}

const NARROWER = 'give patterns that match fewer';

interface Walk {
  wanted: FilePatterns;
  signal: AbortSignal;
  seen: number;
  /** When others last had their turn. */
  since: number;
}

/** A name need not be UTF-8: here each character of a path is a byte. */
async function* filesIn(root: string, folder: string, walk: Walk): AsyncGenerator<string> {
  const entries = await entriesOf(folder === '' ? root : `${root}/${folder}`);
  for (const entry of entries) {
    if (performance.now() - walk.since > TURN) {
      await setImmediate();
      walk.since = performance.now();
    }
    walk.signal.throwIfAborted();
    if (++walk.seen > MOST_SEEN)
      throw new UserError(`hashFiles() looked at more than ${MOST_SEEN} files and folders; ${NARROWER}`);
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) {
      if (walk.wanted.reaches(toText(path))) yield* filesIn(root, path, walk);
    } else if (entry.isFile() && walk.wanted.matches(toText(path))) yield path;
  }
}

async function entriesOf(folder: string): Promise<Dirent[]> {
  const entries = await reading(folder, () =>
    readdir(Buffer.from(folder, 'latin1'), { withFileTypes: true, encoding: 'latin1' }),
  );
  return entries.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** Its size; null for what is no regular file after all. */
async function addFile(path: string, hash: Hash, most: number, signal: AbortSignal): Promise<number | null> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const file = await reading(path, () => open(Buffer.from(path, 'latin1'), flags));
  try {
    const found = await file.stat();
    if (!found.isFile()) return null;
    if (found.size > most) throw new UserError(`hashFiles() means more than 2 GiB of files; ${NARROWER}`);
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

/** What a job made that cannot be read is its own doing. */
async function reading<T>(path: string, work: () => Promise<T>): Promise<T> {
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
