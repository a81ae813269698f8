import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runJob } from '../../../src/engine/job/run-job.ts';
import type { JobGrant } from '../../../src/jobs/protocol/grant.ts';
import { openRegistry } from '../../adapters/docker/registry.ts';
import { type EngineHarness, jobOf, newId, openEngineHarness, openReporter } from '../harness.ts';

let harness: EngineHarness;
const images: string[] = [];

beforeAll(async () => {
  harness = await openEngineHarness();
});

afterAll(async () => {
  const containers = await harness.docker.containers({});
  const repository = `gantry-build/${harness.installation}/none`;
  for (const image of [...images, ...(await harness.docker.tags(repository))]) await harness.docker.untag(image);
  await harness[Symbol.asyncDispose]();
  expect(containers).toEqual([]);
});

const OUTPUTS = { image: '${{ steps.build.outputs.image }}', digest: '${{ steps.build.outputs.digest }}' };

async function build(files: string, given: Record<string, string> = {}, signal = new AbortController().signal) {
  const reporter = openReporter(newId('att'));
  const grant: JobGrant = jobOf(
    [
      { run: files, shell: 'bash' },
      { id: 'build', uses: 'gantry/build@v1', with: given },
    ],
    { sha: 'a'.repeat(40), ref: 'refs/heads/main', spec: { runs_on: ['ubuntu-latest'], outputs: OUTPUTS } },
  );
  const finished = await runJob(harness.deps, grant, reporter, signal);
  return { ...finished, reporter };
}

function recipeOf(word: string): string {
  return `printf "FROM busybox:latest\\nRUN echo ${word} > /word\\n" > Dockerfile`;
}

async function output(image: string, argv: string[]): Promise<string> {
  const { signal } = new AbortController();
  const reporter = openReporter(newId('att'));
  const grant = jobOf([], { command: argv, spec: { container: { image, env: {} } } });
  await runJob(harness.deps, grant, reporter, signal);
  return reporter.text();
}

describe('gantry/build', () => {
  test('builds an image from the workspace without ignored files, and keeps links and modes', async () => {
    const { verdict, outputs, reporter } = await build(
      [
        'mkdir -p app/bin app/node_modules/x app/logs',
        'printf "FROM busybox:latest\\nARG WORD\\nCOPY . /app\\nRUN echo building \\$WORD && echo \\$WORD > /word\\n" > app/Dockerfile',
        'echo run > app/bin/run; chmod 751 app/bin/run; ln -s /etc/passwd app/link; mkfifo app/pipe',
        'echo no > app/node_modules/x/y; echo log > app/logs/a.log; echo keep > app/logs/keep.log',
        'printf "node_modules\\nlogs/*\\n!logs/keep.log\\n" > app/.dockerignore',
        'head -c 3000000 /dev/urandom > app/large',
      ].join('\n'),
      { context: 'app', 'build-args': 'WORD=a=b\n', labels: 'team=shop' },
    );
    expect(verdict.reason).toBeNull();
    expect(outputs.image).toMatch(/^gantry-build\/[0-9a-f]+\/none:att-\w+-2$/);
    expect(outputs.digest).toMatch(/^sha256:/);
    expect(reporter.text()).toContain('building a=b');
    const image = await harness.docker.image(outputs.image ?? '');
    expect(image?.labels).toMatchObject({ team: 'shop', 'org.opencontainers.image.revision': 'a'.repeat(40) });
    const listed = await output(outputs.image ?? '', [
      'sh',
      '-c',
      'cat /word; cd /app; find . ! -type d | sort; readlink link; stat -c %a bin/run; wc -c < large',
    ]);
    expect(listed.split('\n')).toEqual([
      'a=b',
      './.dockerignore',
      './Dockerfile',
      './bin/run',
      './large',
      './link',
      './logs/keep.log',
      '/etc/passwd',
      '751',
      '3000000',
      '',
    ]);
  });

  test('accepts a Dockerfile from outside the context, and tags the image', async () => {
    const tag = `gantry-test/shop:${harness.installation}`;
    const { verdict, outputs } = await build(
      'mkdir src docker; echo hello > src/a; printf "FROM busybox:latest\\nCOPY a /a\\n" > docker/app.Dockerfile',
      { context: 'src', file: 'docker/app.Dockerfile', tags: tag },
    );
    expect(verdict.reason).toBeNull();
    images.push(tag);
    expect(await output(tag, ['cat', '/a'])).toBe('hello\n');
    expect((await harness.docker.image(outputs.image ?? ''))?.id).toBe((await harness.docker.image(tag))?.id);
  });

  test('gives its image a unique name that stays when a later build moves the tag', async () => {
    const tag = `gantry-test/moved:${harness.installation}`;
    images.push(tag);
    const first = await build(recipeOf('first'), { tags: tag });
    const second = await build(recipeOf('second'), { tags: tag });
    const words = [first.outputs.image ?? '', second.outputs.image ?? '', tag].map((name) =>
      output(name, ['cat', '/word']),
    );
    expect(await Promise.all(words)).toEqual(['first\n', 'second\n', 'second\n']);
  });

  test('names a pushed image by its digest, so that any host can pull it', async () => {
    const registry = await openRegistry();
    const tag = `${registry.host}/shop:1`;
    images.push(tag);
    const { verdict, outputs } = await build('printf "FROM busybox:latest\nRUN echo pushed > /word\n" > Dockerfile', {
      tags: tag,
      push: 'true',
    });
    expect(verdict.reason).toBeNull();
    expect(outputs.image).toBe(`${registry.host}/shop@${outputs.digest}`);
    expect(await output(outputs.image ?? '', ['cat', '/word'])).toBe('pushed\n');
  });

  test('gives two images of one job different names', async () => {
    const step = { uses: 'gantry/build@v1' };
    const grant = jobOf(
      [
        { run: 'for w in a b; do mkdir $w; printf "FROM busybox:latest\nRUN echo $w > /word\n" > $w/Dockerfile; done' },
        { id: 'a', ...step, with: { context: 'a' } },
        { id: 'b', ...step, with: { context: 'b' } },
      ],
      { spec: { outputs: { a: '${{ steps.a.outputs.image }}', b: '${{ steps.b.outputs.image }}' } } },
    );
    const { outputs } = await runJob(harness.deps, grant, openReporter(newId('att')), new AbortController().signal);
    const words = [outputs.a ?? '', outputs.b ?? ''].map((name) => output(name, ['cat', '/word']));
    expect(await Promise.all(words)).toEqual(['a\n', 'b\n']);
  });

  test('fails when the Dockerfile fails, with its output in the log', async () => {
    const { verdict, reporter } = await build('printf "FROM busybox:latest\\nRUN echo broken; exit 3\\n" > Dockerfile');
    expect(verdict.status).toBe('failed');
    expect(reporter.text()).toContain('broken');
  });

  test('fails with the reason when the context or Dockerfile is missing or behind a link', async () => {
    expect((await build('true')).verdict.reason).toMatch(/there is no `.\/Dockerfile` in the workspace/);
    expect((await build('true', { context: 'app' })).verdict.reason).toMatch(/`app` is not a folder in the workspace/);
    expect((await build('ln -s /etc app', { context: 'app' })).verdict.reason).toMatch(/leads through the link `app`/);
    expect((await build('ln -s /etc/passwd Dockerfile')).verdict.reason).toMatch(/leads through the link `Dockerfile`/);
  });

  test('ends the build on the daemon when the job is cancelled', async () => {
    const abort = new AbortController();
    const reporter = openReporter(newId('att'), {}, (text) => {
      if (text.includes('begun')) abort.abort({ kind: 'cancel', reason: 'cancelled by ann' });
    });
    const grant = jobOf(
      [
        { run: 'printf "FROM busybox:latest\\nRUN echo begun; sleep 61.7\\n" > Dockerfile' },
        { uses: 'gantry/build@v1' },
      ],
      { spec: { runs_on: ['ubuntu-latest'] } },
    );
    const started = Date.now();
    const { verdict } = await runJob(harness.deps, grant, reporter, abort.signal);
    expect(verdict).toMatchObject({ status: 'cancelled', reason: 'cancelled by ann' });
    expect(Date.now() - started).toBeLessThan(30_000);
  });
});
