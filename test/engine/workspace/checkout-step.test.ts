import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runJob } from '../../../src/engine/job/run-job.ts';
import { parseCheckout } from '../../../src/engine/workspace/checkout-step.ts';
import { componentsOf } from '../../../src/engine/workspace/workspace.ts';
import type { CloneSource } from '../../../src/jobs/protocol/grant.ts';
import type { PlannedStep } from '../../../src/jobs/run/plan.ts';
import { type GitServer, startGitServer } from '../../git-server.ts';
import { jobOf, newId, openCourier, openWorkbench, type Workbench } from '../harness.ts';

let bench: Workbench;
let server: GitServer;
let source: CloneSource;
let sha: string;
let treasure: string;

beforeAll(async () => {
  bench = await openWorkbench();
  server = await startGitServer({ token: 's3cret' });
  source = { id: newId('repo'), name: 'acme/shop', clone_url: await server.create('acme/shop'), token: 's3cret' };
  await server.push('acme/shop', { 'a.txt': 'one' });
  sha = await server.push('acme/shop', { 'a.txt': 'two', folder: { link: '/etc' } });
  // What a host has lying about, for a job to long for.
  treasure = await mkdtemp(join(tmpdir(), 'gantry-treasure-'));
  await writeFile(join(treasure, 'key'), 'the host’s own');
});

afterAll(async () => {
  const containers = await bench.docker.containers({});
  await bench[Symbol.asyncDispose]();
  await server.end();
  await rm(treasure, { recursive: true });
  expect(containers).toEqual([]);
});

async function run(steps: Partial<PlannedStep>[], outputs: Record<string, string> = {}) {
  const reporter = openCourier(newId('att'));
  const grant = jobOf(steps, {
    source,
    sha,
    ref: 'refs/heads/main',
    spec: { runs_on: ['ubuntu-latest'], outputs },
  });
  const finished = await runJob(bench.deps, grant, reporter, new AbortController().signal);
  return { ...finished, reporter };
}

test('The work tree is the commit’s, in the workspace or in a folder of it, and steps may write there', async () => {
  const { verdict, reporter } = await run([
    { uses: 'actions/checkout@v4' },
    { uses: 'actions/checkout@v4', with: { path: 'sub/tree', ref: 'main', 'fetch-depth': '0' } },
    { run: 'cat a.txt sub/tree/a.txt; echo; echo changed > a.txt; mkdir new; ls -a .git > /dev/null' },
  ]);
  expect(verdict.reason).toBeNull();
  expect(reporter.lines()).toContain('3 stdout twotwo');
  expect(reporter.masks).toContain('s3cret');
});

test('A checkout and nothing else needs no container', async () => {
  const { verdict, reporter } = await run([{ uses: 'actions/checkout@v4' }]);
  expect(verdict.status).toBe('succeeded');
  expect(reporter.text()).toContain(`Checked out acme/shop at ${sha}`);
});

test('A job that plants links where the host will go gains nothing', async () => {
  const { verdict, outputs, reporter } = await run(
    [
      {
        id: 'plant',
        run: `ln -s ${treasure} out; ln -s / deep; mkdir real; ln -s ${treasure} real/out`,
      },
      { id: 'through', uses: 'actions/checkout@v4', with: { path: 'out' }, continue_on_error: 'true' },
      { id: 'deeper', uses: 'actions/checkout@v4', with: { path: 'real/out/x' }, continue_on_error: 'true' },
      { id: 'away', uses: 'actions/checkout@v4', with: { path: '../../x' }, continue_on_error: 'true' },
      {
        run: [
          'for file in $GITHUB_OUTPUT /github/runner/pid; do',
          `  ln -sf ${treasure}/key $file 2>/dev/null && exit 1; rm -f $file 2>/dev/null && exit 1`,
          '  mv $file /tmp/gone 2>/dev/null && exit 1',
          'done',
          'mv /github/runner /github/elsewhere && mkdir /github/runner && ln -s /etc/passwd /github/runner/output',
          'echo "got=it" >> /github/elsewhere/output',
          'rm -r /github/runner && mv /github/elsewhere /github/runner',
        ].join('\n'),
        id: 'replace',
      },
      { uses: 'actions/checkout@v4' },
      { run: 'cat a.txt' },
    ],
    { got: '${{ steps.replace.outputs.got }}', through: '${{ steps.through.outcome }}' },
  );
  const reasons = reporter.steps().map((step) => step.reason);
  expect(reasons.slice(1, 4)).toEqual([
    '`out` leads through the link `out`, which is not followed',
    '`real/out/x` leads through the link `out`, which is not followed',
    '`../../x` is not inside the workspace',
  ]);
  expect(outputs).toMatchObject({ got: 'it', through: 'failure' });
  expect(verdict.reason).toBeNull();
  expect(await readFile(join(treasure, 'key'), 'utf8')).toBe('the host’s own');
});

test('An output file of more than 1 MiB is refused', async () => {
  const { verdict } = await run([{ run: 'head -c 1100000 /dev/zero > $GITHUB_OUTPUT' }]);
  expect(verdict).toMatchObject({ status: 'failed', reason: expect.stringMatching(/at most 1 MiB is read/) });
});

test('What a checkout asks for and cannot have is refused', () => {
  expect(() => parseCheckout({ submodules: 'true' }, 'acme/shop')).toThrow(/submodules.*not supported/);
  expect(() => parseCheckout({ repository: 'acme/other' }, 'acme/shop')).toThrow(/only this job's own repository/);
  expect(() => parseCheckout({ 'fetch-depth': 'x' }, 'acme/shop')).toThrow(/whole number/);
  expect(parseCheckout({ 'fetch-depth': '0' }, 'acme/shop')).toEqual({ ref: '', path: '', depth: null });
});

test.each([['a/../b'], ['/etc'], ['a\0b']])('%j is no path in the workspace', (path) => {
  expect(() => componentsOf(path)).toThrow(/not inside the workspace/);
});

test('A path in the workspace may be given as the container sees it', () => {
  expect(componentsOf('/github/workspace/a/./b/')).toEqual(['a', 'b']);
});
