import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newAttempt } from '../../../src/engine/job/job-execution.ts';
import { runJob } from '../../../src/engine/job/run-job.ts';
import { buildRunnerImage, isCurrent } from '../../../src/engine/sandbox/runner-recipe.ts';
import { emptyByContainer } from '../../../src/engine/workspace/folder-removal.ts';
import { jobOf, newId, openCourier, openWorkbench, type Workbench } from '../harness.ts';

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
  const [first, second] = await Promise.all([1, 2].map(() => buildRunnerImage(bench.deps, name, watch)));
  try {
    expect(first?.id).toBe(second?.id);
    expect(progress.filter((line) => line === `${name} is built`)).toHaveLength(1);
    const reporter = openCourier(newId('att'));
    const grant = jobOf([], {
      command: ['sh', '-c', 'bash --version && git --version && python3 --version && jq --version && cc --version'],
      spec: { container: { image: name, env: {} } },
    });
    expect((await runJob(bench.deps, grant, reporter, signal)).verdict.reason).toBeNull();
  } finally {
    await bench.engine.getImage(name).remove();
  }
});

test('An image of another recipe is built anew and the old one goes; one that is not ours is left alone', async () => {
  const name = `gantry-test/recipe:${bench.installation}`;
  const pipelines_dir = await mkdtemp(join(tmpdir(), 'gantry-recipe-'));
  const recipe = join(pipelines_dir, 'runner');
  await mkdir(recipe);
  const deps = { ...bench.deps, config: { ...bench.deps.config, pipelines_dir } };
  const write = (word: string) => writeFile(join(recipe, 'Dockerfile'), `FROM busybox:latest\nENV WORD=${word}\n`);
  const build = () => buildRunnerImage(deps, name, { signal, progress: () => {} });
  try {
    await write('one');
    const first = await build();
    expect((await build()).id).toBe(first.id);
    await write('two');
    expect(await isCurrent(deps, first)).toBe(false);
    const second = await build();
    expect(second.id).not.toBe(first.id);
    expect(await isCurrent(deps, second)).toBe(true);
    expect(await bench.docker.image(first.id)).toBeNull();
    await bench.docker.tag('busybox:latest', name);
    expect((await build()).id).toBe((await bench.docker.image('busybox:latest'))?.id);
    await bench.docker.untag(second.id);
  } finally {
    await bench.docker.untag(name);
    await rm(pipelines_dir, { recursive: true });
  }
});

test('A build of the recipe that is given up ends, though its files were still being read', async () => {
  const name = `gantry-test/given-up:${bench.installation}`;
  const pipelines_dir = await mkdtemp(join(tmpdir(), 'gantry-recipe-'));
  const deps = { ...bench.deps, config: { ...bench.deps.config, pipelines_dir } };
  const abort = new AbortController();
  try {
    await mkdir(join(pipelines_dir, 'runner'));
    await writeFile(join(pipelines_dir, 'runner', 'Dockerfile'), 'FROM busybox:latest\nRUN sleep 61.3\n');
    await writeFile(join(pipelines_dir, 'runner', 'large'), Buffer.alloc(20_000_000));
    const building = buildRunnerImage(deps, name, {
      signal: abort.signal,
      progress: () => abort.abort(new Error('given up')),
    });
    await expect(building).rejects.toThrow('given up');
  } finally {
    await rm(pipelines_dir, { recursive: true });
  }
});

test('A folder that root’s job left is emptied by a container where the worker may not', async () => {
  const { deps, docker } = bench;
  const attempt = newAttempt(deps, jobOf([]), openCourier(newId('att')), signal, signal);
  const { root } = attempt.folder;
  await mkdir(join(root, 'workspace', '.hidden'), { recursive: true });
  await writeFile(join(root, 'workspace', '.hidden', 'file'), '');
  const image = await docker.image('busybox:latest');
  await emptyByContainer(attempt, image?.id ?? '');
  await expect(stat(join(root, 'workspace'))).rejects.toThrow(/ENOENT/);
  expect(await docker.containers({})).toEqual([]);
});
