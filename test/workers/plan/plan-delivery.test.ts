import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openBlobs } from '../../../src/adapters/blobs/file-blobs.ts';
import { openGit } from '../../../src/adapters/git/open.ts';
import { openLocks } from '../../../src/adapters/lock/locks.ts';
import { readConfig } from '../../../src/config.ts';
import type { Finished } from '../../../src/jobs/protocol/event.ts';
import type { PlanGrant } from '../../../src/jobs/protocol/grant.ts';
import type { Plan } from '../../../src/jobs/run/plan.ts';
import type { Trigger } from '../../../src/jobs/run/trigger.ts';
import { type PlanDeps, planDelivery } from '../../../src/workers/plan/plan-delivery.ts';
import { type FileContent, type GitServer, startGitServer } from '../../git-server.ts';

let dir: string;
let server: GitServer;
let deps: PlanDeps;
let repos = 0;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'gantry-plan-'));
  server = await startGitServer();
  deps = {
    config: readConfig({ GANTRY_DATA_DIR: dir, GANTRY_RUNNER_IMAGES: 'mine=busybox:latest' }),
    git: openGit({ mirrors_dir: join(dir, 'mirrors'), ca_file: null, proxy_env: {}, locks: openLocks() }),
    blobs: openBlobs(join(dir, 'blobs')),
  };
});
afterAll(async () => {
  await server.end();
  await rm(dir, { recursive: true, force: true });
});

interface Repo {
  name: string;
  source: PlanGrant['source'];
  sha: string;
}

/** A new repository with one commit on main. */
async function repoWith(files: Record<string, FileContent>): Promise<Repo> {
  const name = `acme/repo${++repos}`;
  const clone_url = await server.create(name);
  const sha = await server.push(name, files, { message: 'First commit' });
  return { name, source: { id: `repo_${repos}`, name, clone_url, token: null }, sha };
}

function push(sha: string | null, more: Partial<Trigger> = {}): Trigger {
  return {
    kind: 'push',
    event: 'push',
    action: null,
    ref: 'refs/heads/main',
    sha,
    before: null,
    forced: false,
    base_ref: null,
    head_ref: null,
    actor: 'ada',
    payload: {},
    ...more,
  };
}

async function finished({ source }: Repo, trigger: Trigger, more: Partial<PlanGrant> = {}): Promise<Finished> {
  const grant: PlanGrant = {
    subject: 'delivery',
    delivery: 'dlv_1',
    source,
    trigger,
    payload_blob: null,
    workflow: null,
    ...more,
  };
  return planDelivery(deps, grant, new AbortController().signal);
}

async function plan(repo: Repo, trigger: Trigger = push(repo.sha), more: Partial<PlanGrant> = {}): Promise<Plan> {
  const { plan: made, verdict } = await finished(repo, trigger, more);
  expect(verdict).toEqual({ status: 'succeeded', reason: null, exit_code: null });
  if (made === undefined) throw new Error('the attempt finished without a plan');
  return made;
}

const JOB = 'jobs: { test: { runs-on: ubuntu-latest, steps: [{ run: make }] } }\n';
const DEPLOY = 'jobs: { ship: { runs-on: mine, steps: [{ uses: gantry/deploy@v1, with: { image: x } }] } }\n';
const APP = 'app: shop\nprocesses: { web: { port: 3000 } }\n';

test('Each workflow that the trigger matches becomes a run; the others are listed with the reason', async () => {
  const repo = await repoWith({
    '.github/workflows/a.yml': `name: A\non: push\n${JOB}`,
    '.github/workflows/b.yaml': `on: { push: { branches: [release] } }\n${JOB}`,
    '.github/workflows/deeper/c.yml': `on: push\n${JOB}`,
    '.github/workflows/README.md': 'no workflow',
  });
  const made = await plan(repo);
  expect(made).toMatchObject({ sha: repo.sha, message: 'First commit' });
  expect(made.runs.map(({ workflow, path, failure, jobs }) => [workflow, path, failure, jobs.length])).toEqual([
    ['A', '.github/workflows/a.yml', null, 1],
  ]);
  expect(made.ignored).toEqual([{ path: '.github/workflows/b.yaml', reason: 'main is not one of its branches' }]);
});

test('A ref without a commit is resolved at the remote', async () => {
  const repo = await repoWith({ '.github/workflows/a.yml': `on: push\n${JOB}` });
  expect((await plan(repo, push(null))).sha).toBe(repo.sha);
});

test('A workflow that does not parse becomes a failed run with the position', async () => {
  const repo = await repoWith({ '.github/workflows/a.yml': 'on: push\njobs:\n  test:\n    runs-onn: x\n' });
  const [run] = (await plan(repo)).runs;
  expect(run).toMatchObject({ path: '.github/workflows/a.yml', jobs: [], failure: expect.stringContaining('a.yml:') });
  expect(run?.annotations[0]).toMatchObject({ line: expect.any(Number), level: 'failure' });
});

test('A workflow that is too large becomes a failed run, and a symbolic link is not followed', async () => {
  const repo = await repoWith({
    '.github/workflows/large.yml': `on: push\n${JOB}# ${'x'.repeat(2_000_000)}`,
    '.github/workflows/link.yml': { link: '/etc/passwd' },
  });
  const { runs } = await plan(repo);
  expect(runs.map(({ path, failure }) => [path, failure])).toEqual([
    ['.github/workflows/large.yml', expect.stringContaining('larger than 1 MiB')],
  ]);
});

test('A label without an image fails the run at its job, with the mapped labels', async () => {
  const repo = await repoWith({
    '.github/workflows/a.yml': [
      'on: push',
      'jobs:',
      '  mac: { runs-on: macos-latest, steps: [{ run: make }] }',
      '  mine: { runs-on: [self-hosted, mine], steps: [{ run: make }] }',
      '  own: { runs-on: anything, container: busybox, steps: [{ run: make }] }',
    ].join('\n'),
  });
  const [run] = (await plan(repo)).runs;
  expect(run?.jobs).toEqual([]);
  expect(run?.annotations).toEqual([
    expect.objectContaining({ path: '.github/workflows/a.yml', line: 3, level: 'failure' }),
  ]);
  expect(run?.annotations[0]?.message).toMatch(/macos-latest.*ubuntu-latest, mine.*GANTRY_RUNNER_IMAGES/);
});

test('A run with a deploy job has the app that gantry.yml names', async () => {
  const repo = await repoWith({ '.github/workflows/a.yml': `on: push\n${DEPLOY}`, 'gantry.yml': APP });
  expect((await plan(repo)).runs[0]).toMatchObject({ failure: null, app: 'shop' });
});

test.each([
  ['without gantry.yml', {}, /has no gantry\.yml/, '.github/workflows/a.yml'],
  ['with an invalid gantry.yml', { 'gantry.yml': `${APP}prot: 1\n` }, /Unknown key `prot`/, 'gantry.yml'],
  [
    'with a gantry.yml that lacks the environment',
    { 'gantry.yml': `${APP}environments: { staging: {} }\n`, 'x.yml': 'x' },
    /no environment `other`/,
    '.github/workflows/a.yml',
  ],
])('A deploy job %s fails the run when it is planned', async (_, files: Record<string, string>, message, path) => {
  const deploy = 'x.yml' in files ? DEPLOY.replace('image: x', 'image: x, environment: other') : DEPLOY;
  const repo = await repoWith({ '.github/workflows/a.yml': `on: push\n${deploy}`, ...files });
  const [run] = (await plan(repo)).runs;
  expect(run).toMatchObject({ jobs: [], annotations: [{ path, message: expect.stringMatching(message) }] });
});

test('An invalid gantry.yml is ignored when no job deploys', async () => {
  const repo = await repoWith({ '.github/workflows/a.yml': `on: push\n${JOB}`, 'gantry.yml': 'nonsense' });
  expect((await plan(repo)).runs[0]).toMatchObject({ failure: null, app: null });
});

test.each([
  ['package.json', { 'package.json': '{}' }, ['test']],
  ['Dockerfile', { Dockerfile: 'FROM x' }, ['build']],
  [
    'both and a gantry.yml',
    { 'package.json': '{}', Dockerfile: 'FROM x', 'gantry.yml': APP },
    ['test', 'build', 'deploy'],
  ],
])('A repository with %s and no workflow gets the shipped workflow for it', async (_, files, kinds) => {
  const repo = await repoWith(files);
  const payload = { repository: { default_branch: 'main' } };
  const { runs } = await plan(repo, push(repo.sha, { payload }));
  expect(runs.map(({ failure, jobs }) => [failure, jobs.map(({ kind }) => kind)])).toEqual([[null, kinds]]);
});

test('A repository of an unknown stack gets no run', async () => {
  const repo = await repoWith({ 'main.f90': 'end' });
  expect(await plan(repo)).toMatchObject({ runs: [], ignored: [] });
});

const PATHS = `on: { push: { paths: ['docs/**'] }, pull_request: { paths: ['docs/**'] } }\n${JOB}`;

test('Path filters compare with the previous commit of a push, even after a forced push', async () => {
  const repo = await repoWith({ '.github/workflows/a.yml': PATHS, 'docs/a': '1', 'src/a': '1' });
  const source = await server.push(repo.name, { 'src/a': '2' });
  const docs = await server.push(repo.name, { 'docs/a': '2' });
  expect((await plan(repo, push(source, { before: repo.sha }))).runs).toEqual([]);
  expect((await plan(repo, push(docs, { before: source }))).runs).toHaveLength(1);
  const forced = await server.push(repo.name, { 'src/a': '3' }, { parent: repo.sha });
  expect((await plan(repo, push(forced, { before: docs, forced: true }))).runs).toHaveLength(1);
  expect((await plan(repo, push(forced, { before: 'a'.repeat(40), forced: true }))).runs).toHaveLength(1);
});

test('Path filters of a pull request compare with its merge base', async () => {
  const repo = await repoWith({ '.github/workflows/a.yml': PATHS, 'docs/a': '1', 'src/a': '1' });
  const base = await server.push(repo.name, { 'docs/a': '2' });
  const head = await server.push(repo.name, { 'src/a': '2' }, { ref: 'refs/pull/7/head', parent: repo.sha });
  const trigger = push(head, {
    kind: 'pull_request',
    event: 'pull_request',
    action: 'opened',
    ref: 'refs/pull/7/head',
    base_ref: 'main',
    before: base,
  });
  expect((await plan(repo, trigger)).runs).toEqual([]);
});

test('The plan uses the payload from its blob', async () => {
  const matrix = 'matrix: { os: "${{ fromJSON(github.event.systems) }}" }';
  const repo = await repoWith({
    '.github/workflows/a.yml': `on: push\njobs: { test: { runs-on: mine, strategy: { ${matrix} }, steps: [{ run: make }] } }\n`,
  });
  const { hash: payload_blob } = await deps.blobs.put(Buffer.from(JSON.stringify({ systems: '["a", "b"]' })));
  const [run] = (await plan(repo, push(repo.sha), { payload_blob })).runs;
  expect(run?.jobs.map(({ key }) => key)).toEqual(['test (a)', 'test (b)']);
});

test.each(['.github/workflows/a.yml', 'a.yml', 'By hand'])(
  'A workflow can be started by path, file name or name: %s',
  async (workflow) => {
    const repo = await repoWith({
      '.github/workflows/a.yml': `name: By hand\non: workflow_dispatch\n${JOB}`,
      '.github/workflows/b.yml': `on: push\n${JOB}`,
    });
    const trigger = push(repo.sha, { kind: 'api', event: 'workflow_dispatch' });
    const { runs } = await plan(repo, trigger, { workflow });
    expect(runs.map(({ path, failure }) => [path, failure])).toEqual([['.github/workflows/a.yml', null]]);
  },
);

test('An unknown workflow becomes a failed run that lists the available ones', async () => {
  const repo = await repoWith({ '.github/workflows/a.yml': `on: push\n${JOB}` });
  const { runs } = await plan(repo, push(repo.sha, { kind: 'api' }), { workflow: 'b.yml' });
  expect(runs).toMatchObject([{ failure: 'No workflow b.yml; available: .github/workflows/a.yml', jobs: [] }]);
});

test('A missing commit fails the plan; an unreachable remote is an error, which is retried', async () => {
  const repo = await repoWith({ '.github/workflows/a.yml': `on: push\n${JOB}` });
  expect((await finished(repo, push('a'.repeat(40)))).verdict).toMatchObject({ status: 'failed' });
  const unreachable = {
    ...repo,
    source: { ...repo.source, id: 'repo_unreachable', clone_url: 'http://127.0.0.1:1/a.git' },
  };
  expect((await finished(unreachable, push(repo.sha))).verdict).toMatchObject({
    status: 'errored',
    reason: expect.stringContaining('fetching'),
  });
});
