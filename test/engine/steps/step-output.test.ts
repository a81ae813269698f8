import { describe, expect, test } from 'vitest';
import { StepOutput } from '../../../src/engine/steps/step-output.ts';
import { parseWorkflowCommand } from '../../../src/engine/steps/workflow-command.ts';
import type { Annotation } from '../../../src/jobs/run/annotation.ts';

function sink() {
  const heard = { text: '', masks: [] as string[], annotations: [] as Annotation[] };
  const output = new StepOutput({
    write: (_, chunk) => {
      heard.text += Buffer.from(chunk).toString();
    },
    mask: (value) => void heard.masks.push(value),
    annotate: (annotation) => void heard.annotations.push(annotation),
  });
  return { output, heard };
}

describe('A step’s output', () => {
  test('comes out as it went in, whatever the chunks, less what was said to us', () => {
    const text = 'one\n::add-mask::hush\n:not\n::debug::no\n::error file=a.ts,line=3::bad%0Aluck\n::group::x\n::\nlast';
    for (let size = 1; size <= text.length; size++) {
      const { output, heard } = sink();
      for (let at = 0; at < text.length; at += size) output.write('stdout', Buffer.from(text.slice(at, at + size)));
      output.end();
      expect(heard.text).toBe('one\n:not\n::error file=a.ts,line=3::bad%0Aluck\n::group::x\n::\nlast');
      expect(heard.masks).toEqual(['hush']);
      expect(heard.annotations).toEqual([{ path: 'a.ts', line: 3, column: 1, level: 'failure', message: 'bad\nluck' }]);
    }
  });

  test('is passed on at once where it is no command', () => {
    const { output, heard } = sink();
    output.write('stdout', Buffer.from('half a li'));
    expect(heard.text).toBe('half a li');
    output.write('stdout', Buffer.from(':: no command\n:'));
    expect(heard.text).toBe('half a li:: no command\n');
  });

  test('holds no more of a line without end than a command may be long', () => {
    const { output, heard } = sink();
    output.write('stdout', Buffer.from('::'));
    for (let i = 0; i < 100; i++) output.write('stdout', Buffer.alloc(1024, 'x'));
    expect(heard.text.length).toBeGreaterThan(100_000 - 1024);
  });

  test('is nothing but text between a token and the same token, on both streams', () => {
    const { output, heard } = sink();
    output.write('stdout', Buffer.from('::stop-commands::t0k en\n::add-mask::a\n::other::\n::t0k en:: x\n'));
    output.write('stderr', Buffer.from('::error::b\n'));
    output.write('stdout', Buffer.from('::t0k en::\r\n::add-mask::c\n'));
    expect(heard).toEqual({
      text: '::add-mask::a\n::other::\n::t0k en:: x\n::error::b\n',
      masks: ['c'],
      annotations: [],
    });
  });

  test('goes on being heard when the token to stop it is a command’s name, or none', () => {
    const { output, heard } = sink();
    output.write('stdout', Buffer.from('::stop-commands::\n::stop-commands::error\n::add-mask::a\n'));
    expect(heard).toMatchObject({ text: '::stop-commands::\n::stop-commands::error\n', masks: ['a'] });
  });

  test('makes no more than ten remarks of a level', () => {
    const { output, heard } = sink();
    output.write('stdout', Buffer.from('::warning::x\n'.repeat(100)));
    expect(heard.annotations).toHaveLength(10);
  });
});

describe('A line of output', () => {
  test.each([
    '::set-env name=PATH::/x',
    '::add-path::/x',
    '::set-output name=a::b',
    '::save-state name=a::b',
    ' ::error::x',
  ])('%j asks for nothing', (line) => {
    expect(parseWorkflowCommand(line)).toBeNull();
  });

  test('says where its remark belongs', () => {
    expect(parseWorkflowCommand('::notice file=/github/workspace/b%2Cc.js,line=7,col=2,title=T::hi%25')).toEqual({
      kind: 'annotation',
      annotation: { path: 'b,c.js', line: 7, column: 2, level: 'notice', message: 'hi%' },
    });
    expect(parseWorkflowCommand('::error line=-1,col=x::y')).toMatchObject({
      annotation: { path: '.github', line: 1, column: 1 },
    });
  });
});
