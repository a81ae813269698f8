import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { runJob } from '../../../src/engine/job/run-job.ts';
import { hashFiles } from '../../../src/engine/workspace/hash-files.ts';
import { parseFilePatterns } from '../../../src/engine/workspace/hash-patterns.ts';
import { type EngineHarness, jobOf, newId, openEngineHarness, openReporter } from '../harness.ts';

const never = new AbortController().signal;

describe('hashFiles', () => {
  test('gives GitHub’s hash: over the hashes of the files, folder by folder', async () => {
    const workspace = await folder({ 'a.txt': '1', 'a/z': '2', b: '', 'ü/\u{1F600}': '3' });
    expect(await hash(workspace, '**')).toBe(hashOf(['2', '1', '', '3']));
    expect(await hash(workspace, 'nothing')).toBe('');
  });

  test('follows no link', async () => {
    const workspace = await folder({ 'real/file': 'x' });
    await symlink('/etc/passwd', join(workspace, 'link'));
    await symlink('/etc', join(workspace, 'folder'));
    await symlink('real', join(workspace, 'inside'));
    expect(await hash(workspace, '**', 'link', 'folder/passwd', 'inside/file')).toBe(hashOf(['x']));
  });

  test('fails beyond 2 GiB, and ends when it is aborted', async () => {
    const workspace = await folder({ large: '' });
    await truncate(join(workspace, 'large'), 2 * 1024 ** 3 + 1);
    await expect(hash(workspace, 'large')).rejects.toThrow(/more than 2 GiB/);
    const aborted = AbortSignal.abort('enough');
    await expect(hashFiles(workspace, parseFilePatterns(['**']), aborted)).rejects.toBe('enough');
  });
});

describe('A step that hashes files', () => {
  let harness: EngineHarness;

  beforeAll(async () => {
    harness = await openEngineHarness();
  });

  afterAll(async () => {
    const containers = await harness.docker.containers({});
    await harness[Symbol.asyncDispose]();
    expect(containers).toEqual([]);
  });

  test('can do so in every expression, and sees the files of earlier steps', async () => {
    const reporter = openReporter(newId('att'));
    const locks = "${{ hashFiles('*.lock', '!no.lock') }}";
    const grant = jobOf([
      { run: `echo "[${locks}]"` },
      { run: 'printf 1 > a.lock; printf 2 > b.lock; printf 3 > no.lock; ln -s /etc/passwd c.lock' },
      { if: "hashFiles('none') == '' && hashFiles('a.lock') != hashFiles('b.lock')", run: 'echo differs' },
      { if: "hashFiles('none')", run: 'echo never' },
      { name: `key ${locks}`, env: { KEY: locks }, run: 'echo "$KEY"' },
      { run: `mkdir ${locks}` },
      { working_directory: locks, run: 'pwd' },
      { run: "echo ${{ hashFiles(format('{0}.lock', hashFiles('none') || 'a')) }}" },
      { name: 'bad', run: "echo ${{ hashFiles('../x') }}" },
    ]);
    const { verdict } = await runJob(harness.deps, grant, reporter, never);
    const key = hashOf(['1', '2']);
    expect(reporter.lines().filter((line) => line.includes('stdout'))).toEqual([
      '1 stdout []',
      '3 stdout differs',
      `5 stdout ${key}`,
      `7 stdout /github/workspace/${key}`,
      `8 stdout ${hashOf(['1'])}`,
    ]);
    expect(reporter.steps()[4]?.name).toBe(`key ${key}`);
    expect(verdict).toMatchObject({ status: 'failed', reason: expect.stringContaining('`../x`') });
  });

  test('never reads a link that a process of the job puts in a file’s place', async () => {
    const reporter = openReporter(newId('att'));
    const swap = 'while :; do ln -s /etc/passwd swap; rm swap; echo x > swap; rm swap; done';
    const look = { run: "echo ${{ hashFiles('sw*') }}." };
    const grant = jobOf([{ run: `(${swap}) >/dev/null 2>&1 &` }, look, look, look, look, look, look]);
    const { verdict } = await runJob(harness.deps, grant, reporter, never);
    expect(verdict.reason).toBeNull();
    const found = reporter.lines().map((line) => line.replace(/^\d stdout /, ''));
    const allowed = ['.', `${hashOf([''])}.`, `${hashOf(['x\n'])}.`];
    expect(found).toHaveLength(6);
    expect(found.filter((hash) => !allowed.includes(hash))).toEqual([]);
  });

  test('can be cancelled while it hashes', async () => {
    const abort = new AbortController();
    const reporter = openReporter(newId('att'));
    const cancel = () => abort.abort({ kind: 'cancel', reason: 'cancelled by ann' });
    const { docker } = harness.deps;
    const whilePaused: typeof docker.whilePaused = (container, work) =>
      docker.whilePaused(container, () => {
        cancel();
        return work();
      });
    const grant = jobOf([{ run: 'echo x > x' }, { env: { KEY: "${{ hashFiles('x') }}" }, run: 'echo never' }]);
    const deps = { ...harness.deps, docker: { ...docker, whilePaused } };
    const { verdict } = await runJob(deps, grant, reporter, abort.signal);
    expect(verdict).toEqual({ status: 'cancelled', reason: 'cancelled by ann', exit_code: null });
    expect(reporter.text()).not.toContain('never');
  });
});

function hash(workspace: string, ...patterns: string[]): Promise<string> {
  return hashFiles(workspace, parseFilePatterns(patterns), never);
}

async function folder(files: Record<string, string>): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'gantry-hash-'));
  onTestFinished(() => rm(root, { recursive: true }));
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
  }
  return root;
}

function hashOf(contents: string[]): string {
  const hashes = contents.map((content) => createHash('sha256').update(content).digest());
  return createHash('sha256').update(Buffer.concat(hashes)).digest('hex');
}
