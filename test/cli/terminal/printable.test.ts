import { expect, test } from 'vitest';
import { printable, printableLine, printableText } from '../../../src/cli/terminal/printable.ts';

test.each([
  ['a title', '\u001b]0;gotcha\u0007text'],
  ['a link', '\u001b]8;;https://evil.example\u001b\\text\u001b]8;;\u001b\\'],
  ['an unterminated clipboard write', 'text\u001b]52;c;ZWNobw=='],
  ['cursor moves', '\u001b[2J\u001b[1;1H\u001b[3Atext'],
  ['C1 controls', '\u009b2Jtext\u0085'],
  ['device strings', '\u001bPpayload\u001b\\text'],
  ['a bell and a backspace', 'te\u0007\u0008xt'],
  ['a lone escape', 'text\u001b'],
])('%s is removed from a line', (_, line) => {
  expect(printableLine(line, true)).toBe('text');
});

test('Colours are kept on request, and reset at the end of the line', () => {
  const line = '\u001b[1;31mred\u001b[0m and \u001b[38;2;1;2;3mtrue';
  expect(printableLine(line, true)).toBe(`${line}\u001b[0m`);
  expect(printableLine(line, false)).toBe('red and true');
});

test('The last content of an overwritten line is kept', () => {
  expect(printableLine('10%\r50%\r100%', false)).toBe('100%');
  expect(printableLine('done\r', false)).toBe('done');
});

test('Tabs and letters of all scripts are kept', () => {
  expect(printableLine('a\tb é 漢字 🙂', true)).toBe('a\tb é 漢字 🙂');
});

test('External text becomes a single line without control sequences', () => {
  expect(printable('a\n\u001b[31mb\u001b[0m\u0007  c ')).toBe('a b c');
  expect(printableText('a\n  b\u001b[2J')).toBe('a\n  b');
});
