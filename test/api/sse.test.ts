import { expect, it } from 'vitest';
import { frame } from '../../src/api/sse.ts';

it('A message is its fields and an empty line', () => {
  expect(frame({ id: '7', event: 'run', data: '{}' })).toBe('id: 7\nevent: run\ndata: {}\n\n');
});

it.each(['\n', '\r', '\r\n'])('The line end %j in data begins another line of data', (end) => {
  expect(frame({ data: `a${end}event: end` })).toBe('data: a\ndata: event: end\n\n');
});

it('Line ends in an id or a name vanish', () => {
  expect(frame({ id: '1\nevent: x', event: 'a\r\ndata: b', data: '' })).toBe(
    'id: 1event: x\nevent: adata: b\ndata: \n\n',
  );
});
