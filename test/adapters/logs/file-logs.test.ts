import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openLogStore } from '../../../src/adapters/logs/file-logs.ts';
import type { LogStore } from '../../../src/adapters/logs/logs.ts';

let dir: string;
let store: LogStore;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'gantry-logs-'));
  store = openLogStore(join(dir, 'logs'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const text = async (attempt: string, offset: number, limit?: number) =>
  (await store.read(attempt, offset, limit)).toString();

test('Appended text can be read from any offset', async () => {
  await store.append('att_1', 0, Buffer.from('1 0 stdout a\n'));
  await store.append('att_1', 13, Buffer.from('2 0 stdout b\n'));
  expect(await text('att_1', 13)).toBe('2 0 stdout b\n');
  expect(await store.size('att_1')).toBe(26);
});

test('Appending at a wrong offset rejects with the size', async () => {
  await store.append('att_1', 0, Buffer.from('a\n'));
  await expect(store.append('att_1', 0, Buffer.from('b\n'))).rejects.toMatchObject({ code: 'gap', size: 2 });
  await expect(store.append('att_1', 5, Buffer.from('b\n'))).rejects.toMatchObject({ code: 'gap', size: 2 });
});

test('A read ends at a whole line, and returns a line longer than the limit whole', async () => {
  await store.append('att_1', 0, Buffer.from(`aaa\nbbb\n${'c'.repeat(1000)}\n`));
  expect(await text('att_1', 0, 6)).toBe('aaa\n');
  expect(await text('att_1', 8, 10)).toBe(`${'c'.repeat(1000)}\n`);
  expect(await text('att_1', 1009)).toBe('');
});

test('An incomplete last line is not read, and sealing removes it', async () => {
  await store.append('att_1', 0, Buffer.from('a\n'));
  await appendFile(join(dir, 'logs', 'att_1'), 'torn');
  expect(await text('att_1', 0)).toBe('a\n');
  expect(await store.seal('att_1')).toBe(2);
  expect(await store.seal('att_1')).toBe(2);
  expect(await store.size('att_1')).toBe(2);
});

test('A missing log is empty, and can be sealed and removed', async () => {
  expect([await text('att_1', 0), await store.size('att_1'), await store.seal('att_1')]).toEqual(['', 0, 0]);
  await store.remove('att_1');
});

test('A path in place of an attempt id is refused', async () => {
  await expect(store.read('../server/key', 0)).rejects.toThrow('invalid attempt id');
});
