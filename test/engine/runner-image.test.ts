import { mkdir, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newAttempt } from '../../src/engine/attempt.ts';
import { emptyByContainer } from '../../src/engine/folder-removal.ts';
import { locked } from '../../src/engine/lock.ts';
import { runJob } from '../../src/engine/run-job.ts';
import { buildRunnerImage } from '../../src/engine/runner-recipe.ts';
import { jobOf, newId, openCourier, openWorkbench, type Workbench } from './workbench.ts';

let bench: Workbench;
const { signal } = new AbortController();

beforeAll(async () => {
  bench = await openWorkbench({ GANTRY_CA_FILE: '/etc/ssl/certs/ca-certificates.crt' });
});

afterAll(async () => {
  await bench[Symbol.asyncDispose]();
});

test('The default job image is built from its recipe, once, however many ask for it at once', {
  timeout: 600_000,
}, async () => {
  const name = `gantry-test/runner:${bench.installation}`;
  const progress: string[] = [];
  const watch = { signal, progress: (line: string) => void progress.push(line) };
  const [first, second] = await Promise.all([1, 2].map(() => buildRunnerImage(bench.machine, name, watch)));
  try {
    expect(first?.id).toBe(second?.id);
    expect(progress.filter((line) => line === `${name} is built`)).toHaveLength(1);
    const courier = openCourier(newId('att'));
    const grant = jobOf([], {
      command: ['sh', '-c', 'bash --version && git --version && python3 --version && jq --version && cc --version'],
      spec: { container: { image: name, env: {} } },
    });
    expect((await runJob(bench.machine, grant, courier, signal)).verdict.reason).toBeNull();
  } finally {
    await bench.engine.getImage(name).remove();
  }
});

test('Who waits for a lock gets it after its holder, and one that died is not waited for', async () => {
  const path = join(bench.machine.config.work_dir, 'x.lock');
  await mkdir(bench.machine.config.work_dir, { recursive: true });
  const order: string[] = [];
  const free = Promise.withResolvers<void>();
  const first = locked(path, signal, async () => {
    await free.promise;
    order.push('first');
  });
  await expect.poll(() => stat(path).then(() => true)).toBe(true);
  const second = locked(path, signal, async () => void order.push('second'));
  free.resolve();
  await Promise.all([first, second]);
  expect(order).toEqual(['first', 'second']);
  await writeFile(path, '');
  const longAgo = new Date(Date.now() - 60_000);
  await utimes(path, longAgo, longAgo);
  expect(await locked(path, signal, async () => 'mine')).toBe('mine');
});

test('A folder that root’s job left is emptied by a container where the worker may not', async () => {
  const { machine, docker } = bench;
  const attempt = newAttempt(machine, jobOf([]), openCourier(newId('att')), signal, signal);
  const { root } = attempt.folder;
  await mkdir(join(root, 'workspace', '.hidden'), { recursive: true });
  await writeFile(join(root, 'workspace', '.hidden', 'file'), '');
  const image = await docker.image('busybox:latest');
  await emptyByContainer(attempt, image?.id ?? '');
  await expect(stat(join(root, 'workspace'))).rejects.toThrow(/ENOENT/);
  expect(await docker.containers({})).toEqual([]);
});
