import { expect, test } from 'vitest';
import { readWrapper } from '../../../src/engine/sandbox/exec-wrapper.ts';

function open() {
  const passed: Buffer[] = [];
  const wrapper = readWrapper((chunk) => void passed.push(chunk));
  return { wrapper, text: () => Buffer.concat(passed).toString() };
}

test('The wrapper’s first line gives the pid, however the output is split into chunks, and the rest is passed on', async () => {
  const output = '4711\n12\nhello\n';
  for (let size = 1; size <= output.length; size++) {
    const { wrapper, text } = open();
    for (let at = 0; at < output.length; at += size) wrapper.read(Buffer.from(output.slice(at, at + size)));
    wrapper.end();
    expect(await wrapper.pid).toBe(4711);
    expect(text()).toBe('12\nhello\n');
  }
});

test.each(['loading library\n4711\n', '0\n', 'x'.repeat(20)])(
  'Without a pid in the first line, all of %j is passed on',
  async (output) => {
    const { wrapper, text } = open();
    wrapper.read(Buffer.from(output));
    expect(await wrapper.pid).toBeNull();
    expect(text()).toBe(output);
  },
);

test('Output that ends within the first line is passed on', async () => {
  const { wrapper, text } = open();
  wrapper.read(Buffer.from('no shell'));
  wrapper.end();
  expect(await wrapper.pid).toBeNull();
  expect(text()).toBe('no shell');
});
