import { describe, expect, test } from 'vitest';
import { StepOutput } from '../../../src/engine/steps/step-output.ts';
import type { Annotation } from '../../../src/jobs/run/annotation.ts';

function sink(limit = 10) {
  const received = { text: '', masks: [] as (string | null)[], annotations: [] as Annotation[] };
  const output = new StepOutput({
    write: (_, chunk) => {
      received.text += Buffer.from(chunk).toString();
    },
    mask: (value) => received.masks.push(value) <= limit && value !== null,
    annotate: (annotation) => void received.annotations.push(annotation),
  });
  return { output, received };
}

describe('A step’s output', () => {
  test('is passed on unchanged except for commands, however it is split into chunks', () => {
    const text = 'one\n::add-mask::hush\n:not\n::debug::no\n::error file=a.ts,line=3::bad%0Aluck\n::group::x\n::\nlast';
    for (let size = 1; size <= text.length; size++) {
      const { output, received } = sink();
      for (let at = 0; at < text.length; at += size) output.write('stdout', Buffer.from(text.slice(at, at + size)));
      output.end();
      expect(received.text).toBe('one\n:not\n::error file=a.ts,line=3::bad%0Aluck\n::group::x\n::\nlast');
      expect(received.masks).toEqual(['hush']);
      expect(received.annotations).toEqual([
        { path: 'a.ts', line: 3, column: 1, level: 'failure', message: 'bad\nluck' },
      ]);
    }
  });

  test('is passed on at once where it is not a command', () => {
    const { output, received } = sink();
    output.write('stdout', Buffer.from('half a li'));
    expect(received.text).toBe('half a li');
    output.write('stdout', Buffer.from(':: no command\n:'));
    expect(received.text).toBe('half a li:: no command\n');
  });

  test('is buffered only up to the longest command in an endless line', () => {
    const { output, received } = sink();
    output.write('stdout', Buffer.from('::'));
    for (let i = 0; i < 100; i++) output.write('stdout', Buffer.alloc(1024, 'x'));
    expect(received.text.length).toBeGreaterThan(100_000 - 1024);
  });

  test('is text between stop-commands and its token, on both streams', () => {
    const { output, received } = sink();
    output.write('stdout', Buffer.from('::stop-commands::t0k en\n::add-mask::a\n::other::\n::t0k en:: x\n'));
    output.write('stderr', Buffer.from('::error::b\n'));
    output.write('stdout', Buffer.from('::t0k en::\r\n::add-mask::c\n'));
    expect(received).toEqual({
      text: '::add-mask::a\n::other::\n::t0k en:: x\n::error::b\n',
      masks: ['c'],
      annotations: [],
    });
  });

  test('ignores stop-commands without a token, or with the name of a command as token', () => {
    const { output, received } = sink();
    output.write('stdout', Buffer.from('::stop-commands::\n::stop-commands::error\n::add-mask::a\n'));
    expect(received).toMatchObject({ text: '::stop-commands::\n::stop-commands::error\n', masks: ['a'] });
  });

  test('is dropped after a refused mask, on both streams', () => {
    const { output, received } = sink(1);
    output.write('stdout', Buffer.from('a\n::add-mask::one\nb\n::add-mask::two\ntwo\n::error::two\n'));
    output.write('stderr', Buffer.from('two\n::add-mask::three'));
    output.end();
    expect(received).toEqual({ text: 'a\nb\n', masks: ['one', 'two'], annotations: [] });
  });

  test('is dropped after a mask that is too long, whose value is never shown', () => {
    const { output, received } = sink();
    output.write('stdout', Buffer.from(`a\n::add-mask::${'x'.repeat(100_000)}y`));
    output.write('stdout', Buffer.from('y\nafter\n'));
    output.end();
    expect(received).toEqual({ text: 'a\n', masks: [null], annotations: [] });
  });

  test('makes at most ten annotations of each level', () => {
    const { output, received } = sink();
    output.write('stdout', Buffer.from('::warning::x\n'.repeat(100)));
    expect(received.annotations).toHaveLength(10);
  });
});
