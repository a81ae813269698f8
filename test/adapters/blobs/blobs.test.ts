import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Blobs } from '../../../src/adapters/blobs/blobs.ts';
import { openBlobs } from '../../../src/adapters/blobs/file-blobs.ts';

let dir: string;
let blobs: Blobs;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'gantry-blobs-'));
  blobs = openBlobs(dir);
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const ABC = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';

async function files(): Promise<string[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
}

test('Content is stored under its SHA-256', async () => {
  expect(await blobs.put(Buffer.from('abc'))).toEqual({ hash: ABC, size: 3 });
  expect(await openBlobs(dir).read(ABC, 3)).toEqual(Buffer.from('abc'));
});

test('A stream is stored byte for byte, and is read as a stream', async () => {
  const content = Buffer.alloc(5_000_000, 'gantry');
  const chunks = Array.from({ length: 50 }, (_, i) => content.subarray(i * 100_000, (i + 1) * 100_000));
  const { hash, size } = await blobs.put(Readable.from(chunks));
  expect([hash, size]).toEqual([createHash('sha256').update(content).digest('hex'), content.length]);
  expect((await blobs.put(content)).hash).toBe(hash);
  const opened = await blobs.open(hash);
  expect(opened?.size).toBe(content.length);
  expect((await buffer(opened?.stream ?? Readable.from([]))).equals(content)).toBe(true);
});

test('Empty content is stored', async () => {
  const { hash, size } = await blobs.put(Buffer.alloc(0));
  expect(size).toBe(0);
  expect(await blobs.read(hash, 0)).toEqual(Buffer.alloc(0));
});

test('A stream that fails stores nothing', async () => {
  await expect(blobs.put(failing())).rejects.toThrow('connection lost');
  expect(await files()).toEqual([]);
});

test('The same content put twenty times in parallel is stored once', async () => {
  const stored = await Promise.all(Array.from({ length: 20 }, () => blobs.put(Buffer.alloc(100_000, 7))));
  expect(new Set(stored.map(({ hash }) => hash)).size).toBe(1);
  expect(await files()).toHaveLength(1);
});

test('Content that does not match its hash is not returned, and putting it again repairs it', async () => {
  await blobs.put(Buffer.from('abc'));
  await writeFile(join(dir, ABC.slice(0, 2), ABC.slice(2)), 'abd');
  expect(await blobs.read(ABC, 3)).toBeNull();
  await expect(buffer((await blobs.open(ABC))?.stream ?? Readable.from([]))).rejects.toMatchObject({ code: 'corrupt' });
  await blobs.put(Buffer.from('abc'));
  expect(await blobs.read(ABC, 3)).toEqual(Buffer.from('abc'));
});

test('Content larger than the limit is not read', async () => {
  await blobs.put(Buffer.from('abc'));
  await expect(blobs.read(ABC, 2)).rejects.toMatchObject({ code: 'too_large' });
});

test('A stream that is not read to its end can be destroyed', async () => {
  const { hash } = await blobs.put(Buffer.alloc(5_000_000));
  for await (const _ of (await blobs.open(hash))?.stream ?? []) break;
  (await blobs.open(hash))?.stream.destroy();
  await expect.poll(openFiles).toEqual([]);
});

/** Files of `dir` that this process has open. */
async function openFiles(): Promise<string[]> {
  const descriptors = await readdir('/proc/self/fd');
  const paths = await Promise.all(descriptors.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')));
  return paths.filter((path) => path.startsWith(dir));
}

test.each(['../../etc/passwd', '', 'ab', 'A'.repeat(64)])('%j is not a hash, so it finds no blob', async (text) => {
  expect(await blobs.read(text, 100)).toBeNull();
  expect(await blobs.open(text)).toBeNull();
  await blobs.remove(text);
});

test('Removing a blob twice is not an error', async () => {
  await blobs.put(Buffer.from('abc'));
  await blobs.remove(ABC);
  await blobs.remove(ABC);
  expect([await blobs.read(ABC, 3), await blobs.open(ABC)]).toEqual([null, null]);
});

async function* failing() {
  yield Buffer.alloc(100_000);
  throw new Error('connection lost');
}
