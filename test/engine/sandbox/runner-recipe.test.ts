import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runJob } from '../../../src/engine/job/run-job.ts';
import { buildRunnerImage, isCurrent } from '../../../src/engine/sandbox/runner-recipe.ts';
import { type EngineHarness, jobOf, newId, openEngineHarness, openReporter } from '../harness.ts';

let harness: EngineHarness;
const { signal } = new AbortController();

beforeAll(async () => {
  harness = await openEngineHarness({ GANTRY_CA_FILE: '/etc/ssl/certs/ca-certificates.crt' });
});

afterAll(async () => {
  await harness[Symbol.asyncDispose]();
});

test('The default job image is built from its recipe once, also for several callers at the same time', {
  timeout: 600_000,
}, async () => {
  const name = `gantry-test/runner:${harness.installation}`;
  const progress: string[] = [];
  const watch = { signal, progress: (line: string) => void progress.push(line) };
  const [first, second] = await Promise.all([1, 2].map(() => buildRunnerImage(harness.deps, name, watch)));
  try {
    expect(first?.id).toBe(second?.id);
    expect(progress.filter((line) => line === `${name} is built`)).toHaveLength(1);
    const reporter = openReporter(newId('att'));
    const grant = jobOf([], {
      command: ['sh', '-c', 'bash --version && git --version && python3 --version && jq --version && cc --version'],
      spec: { container: { image: name, env: {} } },
    });
    expect((await runJob(harness.deps, grant, reporter, signal)).verdict.reason).toBeNull();
  } finally {
    await harness.engine.getImage(name).remove();
  }
});

test('An image built from another recipe is replaced; an image not built from a recipe is left alone', async () => {
  const name = `gantry-test/recipe:${harness.installation}`;
  const pipelines_dir = await mkdtemp(join(tmpdir(), 'gantry-recipe-'));
  const recipe = join(pipelines_dir, 'runner');
  await mkdir(recipe);
  const deps = { ...harness.deps, config: { ...harness.deps.config, pipelines_dir } };
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
    expect(await harness.docker.image(first.id)).toBeNull();
    await harness.docker.tag('busybox:latest', name);
    expect((await build()).id).toBe((await harness.docker.image('busybox:latest'))?.id);
    await harness.docker.untag(second.id);
  } finally {
    await harness.docker.untag(name);
    await rm(pipelines_dir, { recursive: true });
  }
});

test('An aborted build of the recipe ends while its files are still being read', async () => {
  const name = `gantry-test/aborted:${harness.installation}`;
  const pipelines_dir = await mkdtemp(join(tmpdir(), 'gantry-recipe-'));
  const deps = { ...harness.deps, config: { ...harness.deps.config, pipelines_dir } };
  const abort = new AbortController();
  try {
    await mkdir(join(pipelines_dir, 'runner'));
    await writeFile(join(pipelines_dir, 'runner', 'Dockerfile'), 'FROM busybox:latest\nRUN sleep 61.3\n');
    await writeFile(join(pipelines_dir, 'runner', 'large'), Buffer.alloc(20_000_000));
    const building = buildRunnerImage(deps, name, {
      signal: abort.signal,
      progress: () => abort.abort(new Error('aborted')),
    });
    await expect(building).rejects.toThrow('aborted');
  } finally {
    await rm(pipelines_dir, { recursive: true });
  }
});
