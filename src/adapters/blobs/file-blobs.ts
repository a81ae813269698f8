import { createHash, randomBytes } from 'node:crypto';
import { type FileHandle, mkdir, open as openFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline, type Readable, Transform } from 'node:stream';
import { DiskError, type DiskErrorCode, hasCode } from '../../error.ts';
import { type Blob, BlobError, type Blobs } from './blobs.ts';

const HASH = /^[0-9a-f]{64}$/;
/** Bytes that are hashed and written at a time. */
const CHUNK = 1024 * 1024;

const DISK_CODES: Partial<Record<string, DiskErrorCode>> = {
  ENOSPC: 'disk_full',
  EDQUOT: 'disk_full',
  EROFS: 'disk_read_only',
  EIO: 'disk_failed',
};

/** One file per blob, `ab/cdef...`: the first two digits are the folder, which keeps folders small. Many processes may share `dir`. */
export function openBlobs(dir: string): Blobs {
  return { put, open, read, remove, checkWritable };

  function put(content: Uint8Array | AsyncIterable<Uint8Array>): Promise<Blob> {
    return withTemporary(async (temporary) => {
      const blob = await write(temporary, content);
      const path = pathOf(dir, blob.hash);
      await mkdir(dirname(path), { recursive: true });
      await rename(temporary, path);
      await syncFolder(dirname(path));
      await syncFolder(dir);
      return blob;
    });
  }

  async function open(hash: string): Promise<{ size: number; stream: Readable } | null> {
    const file = await find(hash);
    if (file === null) return null;
    const { size } = await file.stat();
    return { size, stream: verified(file, hash) };
  }

  async function read(hash: string, limit: number): Promise<Buffer | null> {
    await using file = await find(hash);
    if (file === null) return null;
    const { size } = await file.stat();
    if (size > limit) throw new BlobError('too_large', `Blob ${hash} has ${size} bytes; the limit is ${limit}`);
    const content = await file.readFile();
    return createHash('sha256').update(content).digest('hex') === hash ? content : null;
  }

  async function remove(hash: string): Promise<void> {
    if (HASH.test(hash)) await rm(pathOf(dir, hash), { force: true });
  }

  async function checkWritable(): Promise<void> {
    await withTemporary(async (temporary) => {
      await write(temporary, Buffer.alloc(1));
      await rm(temporary);
    });
  }

  /** `work` creates and then moves or removes the temporary file. It is removed when `work` rejects. */
  async function withTemporary<T>(work: (path: string) => Promise<T>): Promise<T> {
    const path = join(dir, `${randomBytes(12).toString('hex')}.tmp`);
    try {
      await mkdir(dir, { recursive: true });
      return await work(path);
    } catch (error) {
      // On a read-only disk this fails too, and the first error is the one to report.
      await rm(path, { force: true }).catch(() => undefined);
      const code = hasCode(error) ? DISK_CODES[error.code] : undefined;
      throw code === undefined ? error : new DiskError(code, dir, { cause: error });
    }
  }

  /** Null when there is no such blob. */
  async function find(hash: string): Promise<FileHandle | null> {
    if (!HASH.test(hash)) return null;
    try {
      return await openFile(pathOf(dir, hash), 'r');
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return null;
      throw error;
    }
  }
}

function pathOf(dir: string, hash: string): string {
  return join(dir, hash.slice(0, 2), hash.slice(2));
}

async function write(path: string, content: Uint8Array | AsyncIterable<Uint8Array>): Promise<Blob> {
  await using file = await openFile(path, 'wx', 0o640);
  const hash = createHash('sha256');
  let size = 0;
  for await (const chunk of content instanceof Uint8Array ? slices(content) : content) {
    hash.update(chunk);
    size += chunk.length;
    await file.writeFile(chunk);
  }
  await file.sync();
  return { hash: hash.digest('hex'), size };
}

/** Hashing a large buffer at once would block the process. */
function* slices(content: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < content.length; at += CHUNK) yield content.subarray(at, at + CHUNK);
}

/** Closes the file when the stream ends or is destroyed. */
function verified(file: FileHandle, expected: string): Readable {
  const hash = createHash('sha256');
  const stream = new Transform({
    transform: (chunk: Buffer, _, done) => {
      hash.update(chunk);
      done(null, chunk);
    },
    flush: (done) => {
      const matches = hash.digest('hex') === expected;
      done(
        matches ? null : new BlobError('corrupt', `Blob ${expected} is corrupt: its content does not match its hash`),
      );
    },
  });
  pipeline(file.createReadStream(), stream, () => undefined);
  return stream;
}

async function syncFolder(path: string): Promise<void> {
  await using folder = await openFile(path, 'r');
  await folder.sync();
}
