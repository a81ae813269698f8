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

test('what is appended at the end is read from any offset', async () => {
  await store.append('att_1', 0, Buffer.from('1 0 stdout a\n'));
  await store.append('att_1', 13, Buffer.from('2 0 stdout b\n'));
  expect(await text('att_1', 13)).toBe('2 0 stdout b\n');
  expect(await store.size('att_1')).toBe(26);
});

test('appending anywhere but at the end says where the end is', async () => {
  await store.append('att_1', 0, Buffer.from('a\n'));
  await expect(store.append('att_1', 0, Buffer.from('b\n'))).rejects.toMatchObject({ code: 'gap', size: 2 });
  await expect(store.append('att_1', 5, Buffer.from('b\n'))).rejects.toMatchObject({ code: 'gap', size: 2 });
});

test('a read ends at a whole line, and a line longer than the limit comes whole', async () => {
  await store.append('att_1', 0, Buffer.from(`aaa\nbbb\n${'c'.repeat(1000)}\n`));
  expect(await text('att_1', 0, 6)).toBe('aaa\n');
  expect(await text('att_1', 8, 10)).toBe(`${'c'.repeat(1000)}\n`);
  expect(await text('att_1', 1009)).toBe('');
});

test('a last line without its end is not read, and sealing cuts it off', async () => {
  await store.append('att_1', 0, Buffer.from('a\n'));
  await appendFile(join(dir, 'logs', 'att_1'), 'torn');
  expect(await text('att_1', 0)).toBe('a\n');
  expect(await store.seal('att_1')).toBe(2);
  expect(await store.seal('att_1')).toBe(2);
  expect(await store.size('att_1')).toBe(2);
});

test('a log that nobody wrote is empty, to be sealed and to be removed', async () => {
  expect([await text('att_1', 0), await store.size('att_1'), await store.seal('att_1')]).toEqual(['', 0, 0]);
  await store.remove('att_1');
});

test('nothing but an id names a log', async () => {
  await expect(store.read('../server/key', 0)).rejects.toThrow("no attempt's id");
});
