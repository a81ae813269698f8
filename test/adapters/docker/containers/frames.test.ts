import { expect, test } from 'vitest';
import { frameReader } from '../../../../src/adapters/docker/containers/frames.ts';

const wire = Buffer.concat([frame(1, 'out 1\n'), frame(2, 'err 1\n'), frame(1, ''), frame(1, 'out 2\n')]);

test.each([1, 3, 8, 13, wire.length])('Output that arrives %i bytes at a time is split into its streams', (size) => {
  const text = { stdout: '', stderr: '' };
  const read = frameReader((stream, content) => {
    text[stream] += content.toString();
  });
  for (let at = 0; at < wire.length; at += size) read(wire.subarray(at, at + size));
  expect(text).toEqual({ stdout: 'out 1\nout 2\n', stderr: 'err 1\n' });
});

function frame(stream: number, content: string): Buffer {
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(Buffer.byteLength(content), 4);
  return Buffer.concat([header, Buffer.from(content)]);
}
