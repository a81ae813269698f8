import { describe, expect, test } from 'vitest';
import { parseWorkflowCommand } from '../../../src/engine/steps/workflow-command.ts';

describe('A line of output', () => {
  test.each([
    '::set-env name=PATH::/x',
    '::add-path::/x',
    '::set-output name=a::b',
    '::save-state name=a::b',
    ' ::error::x',
  ])('%j is not a command', (line) => {
    expect(parseWorkflowCommand(line)).toBeNull();
  });

  test('gives the position of its annotation', () => {
    expect(parseWorkflowCommand('::notice file=/github/workspace/b%2Cc.js,line=7,col=2,title=T::hi%25')).toEqual({
      kind: 'annotation',
      annotation: { path: 'b,c.js', line: 7, column: 2, level: 'notice', message: 'hi%' },
    });
    expect(parseWorkflowCommand('::error line=-1,col=x::y')).toMatchObject({
      annotation: { path: '.github', line: 1, column: 1 },
    });
  });
});
