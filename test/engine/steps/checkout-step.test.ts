import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runJob } from '../../../src/engine/job/run-job.ts';
import { parseCheckout } from '../../../src/engine/steps/checkout-step.ts';
import type { CloneSource } from '../../../src/jobs/protocol/grant.ts';
import type { PlannedStep } from '../../../src/jobs/run/plan.ts';
import { type GitServer, startGitServer } from '../../git-server.ts';
import { type EngineHarness, jobOf, newId, openEngineHarness, openReporter } from '../harness.ts';

let harness: EngineHarness;
let server: GitServer;
let source: CloneSource;
let sha: string;
let host_folder: string;

beforeAll(async () => {
  harness = await openEngineHarness();
  server = await startGitServer({ token: 's3cret' });
  source = { id: newId('repo'), name: 'acme/shop', clone_url: await server.create('acme/shop'), token: 's3cret' };
  await server.push('acme/shop', { 'a.txt': 'one' });
  sha = await server.push('acme/shop', { 'a.txt': 'two', folder: { link: '/etc' } });
  // A file of the host that the job must not reach.
  host_folder = await mkdtemp(join(tmpdir(), 'gantry-host-'));
  await writeFile(join(host_folder, 'key'), 'the host’s own');
});

afterAll(async () => {
  const containers = await harness.docker.containers({});
  await harness[Symbol.asyncDispose]();
  await server.end();
  await rm(host_folder, { recursive: true });
  expect(containers).toEqual([]);
});

async function run(steps: Partial<PlannedStep>[], outputs: Record<string, string> = {}) {
  const reporter = openReporter(newId('att'));
  const grant = jobOf(steps, {
    source,
    sha,
    ref: 'refs/heads/main',
    spec: { runs_on: ['ubuntu-latest'], outputs },
  });
  const finished = await runJob(harness.deps, grant, reporter, new AbortController().signal);
  return { ...finished, reporter };
}

test('Checkout writes the commit’s work tree to the workspace or a folder of it, and steps can change it', async () => {
  const { verdict, reporter } = await run([
    { uses: 'actions/checkout@v4' },
    { uses: 'actions/checkout@v4', with: { path: 'sub/tree', ref: 'main', 'fetch-depth': '0' } },
    { run: 'cat a.txt sub/tree/a.txt; echo; echo changed > a.txt; mkdir new; ls -a .git > /dev/null' },
  ]);
  expect(verdict.reason).toBeNull();
  expect(reporter.lines()).toContain('3 stdout twotwo');
  expect(reporter.masks).toContain('s3cret');
});

test('A job that only checks out needs no container', async () => {
  const { verdict, reporter } = await run([{ uses: 'actions/checkout@v4' }]);
  expect(verdict.status).toBe('succeeded');
  expect(reporter.text()).toContain(`Checked out acme/shop at ${sha}`);
});

test('The host follows no link that the job planted', async () => {
  const { verdict, outputs, reporter } = await run(
    [
      {
        id: 'plant',
        run: `ln -s ${host_folder} out; ln -s / deep; mkdir real; ln -s ${host_folder} real/out`,
      },
      { id: 'through', uses: 'actions/checkout@v4', with: { path: 'out' }, continue_on_error: 'true' },
      { id: 'deeper', uses: 'actions/checkout@v4', with: { path: 'real/out/x' }, continue_on_error: 'true' },
      { id: 'away', uses: 'actions/checkout@v4', with: { path: '../../x' }, continue_on_error: 'true' },
      {
        run: [
          'for file in $GITHUB_OUTPUT $GITHUB_ENV; do',
          `  ln -sf ${host_folder}/key $file 2>/dev/null && exit 1; rm -f $file 2>/dev/null && exit 1`,
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
  expect(await readFile(join(host_folder, 'key'), 'utf8')).toBe('the host’s own');
});

test('A step fails when its output file is larger than 1 MiB', async () => {
  const { verdict } = await run([{ run: 'head -c 1100000 /dev/zero > $GITHUB_OUTPUT' }]);
  expect(verdict).toMatchObject({ status: 'failed', reason: expect.stringMatching(/at most 1 MiB is read/) });
});

test('An unsupported input of checkout is an error', () => {
  expect(() => parseCheckout({ submodules: 'true' }, 'acme/shop')).toThrow(/submodules.*not supported/);
  expect(() => parseCheckout({ repository: 'acme/other' }, 'acme/shop')).toThrow(/only this job's own repository/);
  expect(() => parseCheckout({ 'fetch-depth': 'x' }, 'acme/shop')).toThrow(/whole number/);
  expect(parseCheckout({ 'fetch-depth': '0' }, 'acme/shop')).toEqual({ ref: '', path: '', depth: null });
});
