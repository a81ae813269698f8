import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { openLogStore } from '../../../src/adapters/logs/file-logs.ts';
import { openLogWriter } from '../../../src/adapters/logs/log-writer.ts';
import type { LogStore, LogStream, LogWriter } from '../../../src/adapters/logs/logs.ts';

let dir: string;
let store: LogStore;
let log: LogWriter;
let woken: number[];
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'gantry-logs-'));
  store = openLogStore(dir);
  woken = [];
  log = open();
});
afterEach(async () => {
  await log.close();
  await rm(dir, { recursive: true, force: true });
});

function open(options: { store?: LogStore; attempt?: string; cap_bytes?: number } = {}): LogWriter {
  return openLogWriter(options.store ?? store, options.attempt ?? 'att_1', {
    wake: (size) => woken.push(size),
    now: () => 7,
    cap_bytes: options.cap_bytes ?? 1024 ** 3,
  });
}

/** All lines of the closed log, without their time. */
async function lines(attempt = 'att_1'): Promise<string[]> {
  const whole: Buffer[] = [];
  for (let offset = 0; ; ) {
    const block = await store.read(attempt, offset);
    if (block.length === 0) break;
    whole.push(block);
    offset += block.length;
  }
  const text = Buffer.concat(whole).toString();
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => line.replace(/^\d+ /, ''));
}

/** The lines of these chunks of one stream. */
async function written(chunks: (string | Uint8Array)[], masks: string[] = []): Promise<string[]> {
  log.mask(masks);
  for (const chunk of chunks) log.write(1, 'stdout', chunk);
  await log.close();
  return (await lines()).map((line) => line.replace(/^1 stdout /, ''));
}

test('A line has a time, a step and a stream', async () => {
  log.write(3, 'stderr', 'oops\n');
  await log.close();
  expect((await store.read('att_1', 0)).toString()).toBe('7 3 stderr oops\n');
});

test('Lines are assembled from chunks of any size', async () => {
  expect(await written(['a', 'b\nc', '\n', '\n', 'd'])).toEqual(['ab', 'c', '', 'd']);
});

test('Every kind of line end counts once, also across chunks', async () => {
  expect(await written(['a\r\nb\r', '\nc\r', 'd\n', 'e\r'])).toEqual(['a', 'b', 'c', 'd', 'e']);
});

test('Multi-byte characters may be split across chunks', async () => {
  const bytes = Buffer.from('zürich 🚀\n');
  expect(await written([...bytes].map((byte) => Uint8Array.of(byte)))).toEqual(['zürich 🚀']);
});

test('Invalid UTF-8 becomes replacement characters', async () => {
  expect(await written([Uint8Array.of(0x61, 0xff, 0xfe, 0x62, 0x0a, 0xe2, 0x82)])).toEqual([
    'a\ufffd\ufffdb',
    '\ufffd',
  ]);
});

test('A line over 64 KiB is split between characters', async () => {
  const long = '€'.repeat(100_000);
  const parts = await written([long.slice(0, 70_000), long.slice(70_000), '\nnext\n']);
  expect(parts.at(-1)).toBe('next');
  expect(parts.slice(0, -1).join('')).toBe(long);
  expect(Math.max(...parts.map((part) => Buffer.byteLength(part)))).toBeLessThanOrEqual(64 * 1024);
});

test('Chunks of different streams or steps do not share a line', async () => {
  log.write(1, 'stdout', 'out without end');
  log.write(1, 'stderr', 'err\n');
  log.write(2, 'stdout', 'next\n');
  await log.close();
  expect(await lines()).toEqual(['1 stderr err', '1 stdout out without end', '2 stdout next']);
});

test.each([
  ['whole', ['the hunter2 key\n']],
  ['across a chunk border', ['the hun', 'ter2 key\n']],
  ['byte by byte', 'the hunter2 key\n'.split('')],
])('A secret is hidden %s', async (_, chunks) => {
  expect(await written(chunks, ['hunter2'])).toEqual(['the *** key']);
});

test('Text that only begins like a secret is shown', async () => {
  expect(await written(['the hunt', 'ing hunt'], ['hunter2'])).toEqual(['the hunting hunt']);
});

test('The end of a secret that may begin another one stays hidden', async () => {
  expect(await written(['xab', 'cdef\n'], ['xab', 'abcdef'])).toEqual(['***cdef']);
});

test('The longer of two secrets with the same beginning is hidden whole', async () => {
  expect(await written(['pass', 'word', '-long pass\n'], ['pass', 'password-long'])).toEqual(['*** ***']);
});

test('A secret with characters of regular expressions is matched literally', async () => {
  expect(await written(['a.c abc (x|y)*[z]\\\n'], ['a.c', '(x|y)*[z]\\'])).toEqual(['*** abc ***']);
});

const value = 'p@ss w"rd/ü+1';
test.each([
  ['base64', Buffer.from(value).toString('base64')],
  ['base64 after one more byte', Buffer.from(`x${value}`).toString('base64')],
  ['base64 after a user name', Buffer.from(`user1:${value}`).toString('base64')],
  ['base64 for URLs', Buffer.from(`ab${value}`).toString('base64url')],
  ['a URL query', new URLSearchParams({ v: value }).toString()],
  ['a URL component', encodeURIComponent(value)],
  ['JSON', JSON.stringify({ value })],
])('A secret is hidden as %s', async (_, encoded) => {
  const [line] = await written([`${encoded}\n`], [value]);
  expect(line).toContain('***');
  const left = (line ?? '').split('***').map((part) => part.replace(/=+$/, ''));
  // Only characters that also encode the text around the value may remain.
  expect(left.every((part) => part.length <= 10)).toBe(true);
});

const key = '-----BEGIN KEY-----\nMIIEabc\n}\nQ29udGVudA\n-----END KEY-----\n';
test('A secret of several lines is hidden as a whole', async () => {
  expect(await written([`k=${key.trim()}; done\n`], [key])).toEqual(['k=***; done']);
});

test('A secret of several lines is hidden line by line, also when the lines are indented', async () => {
  const shown = await written(
    key.split('\n').map((line) => `> ${line}\r\n`),
    [key],
  );
  expect(shown).toEqual(['> ***', '> ***', '> }', '> ***', '> ***', '> ']);
});

test.each(['', ' ', 'ab', ' a ', '\n\n'])('%j is too short to be hidden', async (short) => {
  expect(await written(['a b ab \n'], [short])).toEqual(['a b ab ']);
});

test('A secret is hidden in every stream once it has been added', async () => {
  log.write(1, 'stdout', 'hunter2\n');
  log.mask(['hunter2']);
  for (const stream of ['stdout', 'stderr', 'system'] satisfies LogStream[]) log.write(1, stream, 'hunter2\n');
  await log.close();
  expect(await lines()).toEqual(['1 stdout hunter2', '1 stdout ***', '1 stderr ***', '1 system ***']);
});

test('Readers are woken with the size of the file', async () => {
  log.write(1, 'stdout', 'a\n');
  await vi.waitFor(() => expect(woken).toEqual([13]));
  log.write(1, 'stdout', 'b\n');
  expect(await log.flush()).toBe(26);
  expect(woken).toEqual([13, 26]);
  expect(await store.size('att_1')).toBe(26);
});

test('Output beyond the limit is dropped, and one line notes that', async () => {
  const small = open({ attempt: 'att_small', cap_bytes: 100 });
  for (let i = 0; i < 1000; i++) small.write(1, 'stdout', `line ${i}\n`);
  const size = await small.close();
  const all = await lines('att_small');
  expect(all.slice(-2)).toEqual([
    expect.stringMatching(/^1 stdout line \d$/),
    '0 system The log has reached its limit of 100 bytes: the rest of the output is dropped.',
  ]);
  expect(size).toBe(await store.size('att_small'));
});

test('Output for a full disk is dropped without blocking, and a line notes the gap once there is space', async () => {
  let full = true;
  const disk: LogStore = {
    ...store,
    append: (attempt, offset, bytes) =>
      full ? Promise.reject(new Error('ENOSPC: no space left')) : store.append(attempt, offset, bytes),
  };
  const dropping = open({ store: disk, attempt: 'att_full' });
  dropping.write(1, 'stdout', 'lost\n');
  await dropping.flush();
  full = false;
  dropping.write(1, 'stdout', 'kept\n');
  await dropping.close();
  expect(await lines('att_full')).toEqual([
    '0 system 16 bytes of output are missing here: ENOSPC: no space left.',
    '1 stdout kept',
  ]);
});

test('Fifty megabytes with ten secrets are written within seconds', async () => {
  log.mask(Array.from({ length: 10 }, (_, i) => `a-secret-value-number-${i}-of-ten`));
  const line = `${'compiling a file with a warning or two; '.repeat(2)}a-secret-value-number-3-of-ten\n`;
  const chunk = Buffer.from(line.repeat(600));
  const before = performance.now();
  for (let bytes = 0; bytes < 50_000_000; bytes += chunk.length) {
    log.write(1, 'stdout', chunk);
    await new Promise((resolve) => setImmediate(resolve));
  }
  const size = await log.close();
  expect(performance.now() - before).toBeLessThan(10_000);
  expect(size).toBe(await store.size('att_1'));
  const all = await lines();
  expect(all).toHaveLength(Math.ceil(50_000_000 / chunk.length) * 600);
  expect(new Set(all)).toEqual(new Set([`1 stdout ${'compiling a file with a warning or two; '.repeat(2)}***`]));
});
