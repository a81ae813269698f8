import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { PassThrough } from 'node:stream';
import { expect, test, vi } from 'vitest';
import { buildImage, contextOf, watcher } from '../builder.ts';
import { unique } from '../test-engine.ts';

test('Aborting a build ends its command on the Engine before the build rejects', async () => {
  const mark = `9${parseInt(unique(), 16)}`;
  const abort = new AbortController();
  const watch = watcher(abort.signal);
  const building = buildImage({ context: contextOf(`FROM busybox:latest\nRUN sleep ${mark}\n`) }, watch);
  building.catch(() => {});
  await vi.waitFor(async () => expect(await processes()).toContain(`sleep ${mark}`), 20_000);
  const reason = { kind: 'cancel', reason: 'by hand' };
  const asked = performance.now();
  abort.abort(reason);
  await expect(building).rejects.toBe(reason);
  expect(performance.now() - asked).toBeLessThan(4_000);
  expect(await processes()).not.toContain(`sleep ${mark}`);
});

test('Aborting while the context is being sent ends the build', async () => {
  const abort = new AbortController();
  const context = new PassThrough();
  context.write(Buffer.alloc(1024 ** 2, 'x'));
  const building = buildImage({ context }, watcher(abort.signal));
  building.catch(() => {});
  await once(context, 'drain');
  abort.abort('enough');
  await expect(building).rejects.toBe('enough');
  expect(context.destroyed).toBe(true);
});

test.each(['before', 'while'])('A context that fails %s it is sent fails the build with the reason', async (when) => {
  const context = new PassThrough();
  const fail = () => context.destroy(new Error('the disk failed'));
  if (when === 'before') fail();
  else context.once('resume', () => setImmediate(fail));
  await expect(buildImage({ context })).rejects.toMatchObject({
    code: 'failed',
    message: 'Cannot read the build context: the disk failed',
  });
});

test('A context that stops early is not taken for complete', async () => {
  const context = new PassThrough();
  context.write(Buffer.alloc(512));
  context.once('resume', () => context.destroy());
  await expect(buildImage({ context })).rejects.toMatchObject({
    code: 'failed',
    message: expect.stringContaining('build context'),
  });
});

/** Command lines of this host, where the Engine's builds run too. */
async function processes(): Promise<string[]> {
  const ids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(ids.map((id) => readFile(`/proc/${id}/cmdline`, 'utf8').catch(() => '')));
  return lines.map((line) => line.split('\0').join(' ').trim());
}
