import { createHash, randomBytes } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Blobs } from './blobs.ts';

const HASH = /^[0-9a-f]{64}$/;

/** One file a content, `ab/cdef...`, so that no folder grows without end. Many processes may share `dir`. */
export function openBlobs(dir: string): Blobs {
  return { put, get, remove };

  async function put(content: Uint8Array): Promise<string> {
    const hash = hashOf(content);
    const path = pathOf(dir, hash);
    if ((await get(hash)) === null) await create(path, content);
    await syncFolder(dirname(path));
    await syncFolder(dir);
    return hash;
  }

  async function get(hash: string): Promise<Buffer | null> {
    if (!HASH.test(hash)) return null;
    const content = await readFile(pathOf(dir, hash)).catch(missing);
    return content !== null && hashOf(content) === hash ? content : null;
  }

  async function remove(hash: string): Promise<void> {
    if (HASH.test(hash)) await rm(pathOf(dir, hash), { force: true });
  }
}

function hashOf(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

function pathOf(dir: string, hash: string): string {
  return join(dir, hash.slice(0, 2), hash.slice(2));
}

async function create(path: string, content: Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const fresh = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    await writeDurably(fresh, content);
    await rename(fresh, path);
  } catch (error) {
    await rm(fresh, { force: true });
    throw error;
  }
}

async function writeDurably(path: string, content: Uint8Array): Promise<void> {
  await using file = await open(path, 'wx', 0o640);
  await file.writeFile(content);
  await file.sync();
}

async function syncFolder(path: string): Promise<void> {
  await using folder = await open(path, 'r');
  await folder.sync();
}

function missing(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null;
  throw error;
}
