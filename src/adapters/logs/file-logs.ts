import { mkdir, open, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { hasCode } from '../../error.ts';
import { LogError, type LogStore } from './logs.ts';

/** Bytes per read. No line is longer: see lines.ts. */
const BLOCK = 64 * 1024;

const NEWLINE = 0x0a;

export function openLogStore(dir: string): LogStore {
  return { append, read, size, seal, remove };

  async function append(attempt: string, offset: number, bytes: Uint8Array): Promise<void> {
    const path = pathOf(attempt);
    if (offset === 0) await mkdir(dirname(path), { recursive: true });
    await using file = await open(path, offset === 0 ? 'a' : 'r+', 0o640);
    const { size: found } = await file.stat();
    if (found !== offset) throw new LogError(found);
    try {
      for (let done = 0; done < bytes.length; )
        done += (await file.write(bytes, done, bytes.length - done, offset + done)).bytesWritten;
    } catch (error) {
      // A full disk may write only a part: remove it, so that the file has only whole lines.
      await file.truncate(offset);
      throw error;
    }
  }

  async function read(attempt: string, offset: number, limit = BLOCK): Promise<Buffer> {
    const block = await readAt(pathOf(attempt), offset, limit);
    const end = block.lastIndexOf(NEWLINE) + 1;
    if (end > 0 || block.length < limit || limit >= BLOCK) return block.subarray(0, end);
    const line = await readAt(pathOf(attempt), offset, BLOCK);
    return line.subarray(0, line.indexOf(NEWLINE) + 1);
  }

  async function size(attempt: string): Promise<number> {
    return (await stat(pathOf(attempt)).catch(missing))?.size ?? 0;
  }

  async function seal(attempt: string): Promise<number> {
    const found = await size(attempt);
    const start = Math.max(0, found - BLOCK);
    const whole = start + (await readAt(pathOf(attempt), start, BLOCK)).lastIndexOf(NEWLINE) + 1;
    if (whole === found) return found;
    await using file = await open(pathOf(attempt), 'r+');
    await file.truncate(whole);
    return whole;
  }

  async function remove(attempt: string): Promise<void> {
    await rm(pathOf(attempt), { force: true });
  }

  function pathOf(attempt: string): string {
    if (!/^\w+$/.test(attempt)) throw new TypeError(`invalid attempt id: ${attempt}`);
    return join(dir, attempt);
  }
}

async function readAt(path: string, offset: number, length: number): Promise<Buffer> {
  await using file = await open(path, 'r').catch(missing);
  if (file === null) return Buffer.alloc(0);
  const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(length), 0, length, offset);
  return buffer.subarray(0, bytesRead);
}

function missing(error: unknown): null {
  if (hasCode(error, 'ENOENT')) return null;
  throw error;
}
