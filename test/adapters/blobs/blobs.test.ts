import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openBlobs } from '../../../src/adapters/blobs/file-blobs.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'gantry-blobs-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

test('a content is found again under its SHA-256', async () => {
  const hash = await openBlobs(dir).put(Buffer.from('abc'));
  expect(hash).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  expect(await openBlobs(dir).get(hash)).toEqual(Buffer.from('abc'));
});

test('the same content put twenty times at once is there once', async () => {
  const blobs = openBlobs(dir);
  const hashes = await Promise.all(Array.from({ length: 20 }, () => blobs.put(Buffer.alloc(100_000, 7))));
  expect(new Set(hashes).size).toBe(1);
  expect((await readdir(dir, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile())).toHaveLength(
    1,
  );
});

test('a content that does not match its hash is as good as none', async () => {
  const blobs = openBlobs(dir);
  const hash = await blobs.put(Buffer.from('abc'));
  await writeFile(join(dir, hash.slice(0, 2), hash.slice(2)), 'abd');
  expect(await blobs.get(hash)).toBeNull();
  await blobs.put(Buffer.from('abc'));
  expect(await blobs.get(hash)).toEqual(Buffer.from('abc'));
});

test.each(['../../etc/passwd', '', 'ab', 'A'.repeat(64)])('%j is no hash and names no file', async (text) => {
  expect(await openBlobs(dir).get(text)).toBeNull();
  await openBlobs(dir).remove(text);
});

test('removing is final, and removing again no error', async () => {
  const blobs = openBlobs(dir);
  const hash = await blobs.put(Buffer.from('abc'));
  await blobs.remove(hash);
  await blobs.remove(hash);
  expect(await blobs.get(hash)).toBeNull();
});
