import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { readable } from '../src/log.ts';

test('A line on a terminal has time, role, level, message and fields', () => {
  const line =
    '{"level":"warn","time":"2026-01-01T10:20:30.000Z","role":"server","pid":7,"address":"x","msg":"ready"}\n';
  expect(stripVTControlCharacters(readable(line))).toBe('10:20:30 server warn  ready  pid=7 address=x');
});

test('A line with an error is followed by its stack', () => {
  const line =
    '{"level":"info","time":"2026-01-01T10:20:30.000Z","role":"worker","err":{"message":"no","stack":"Error: no\\n  at a"},"msg":"x"}';
  expect(stripVTControlCharacters(readable(line))).toBe('10:20:30 worker x\n  Error: no\n  at a');
});
