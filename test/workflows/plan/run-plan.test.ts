import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PlannedRun } from '../../../src/jobs/run/plan.ts';
import type { Trigger } from '../../../src/jobs/run/trigger.ts';
import { triggerContext } from '../../../src/workflows/plan/github-context.ts';
import { failedRun, planRun } from '../../../src/workflows/plan/run-plan.ts';
import type { Workflow } from '../../../src/workflows/syntax/workflow.ts';
import { parseWorkflow } from '../../../src/workflows/syntax/workflow-file.ts';

const SHA = 'c'.repeat(40);
const trigger: Trigger = {
  kind: 'push',
  event: 'push',
  action: null,
  ref: 'refs/heads/main',
  sha: SHA,
  before: null,
  forced: false,
  base_ref: null,
  head_ref: null,
  actor: 'ada',
  payload: { repository: { default_branch: 'main' } },
};
const list = JSON.stringify(Array.from({ length: 20 }, (_, i) => i));
const contexts = { github: { repository: 'acme/shop' }, vars: { WHAT: 'all', LIST: list } };

function read(path: string, text: string): Workflow {
  const { workflow, annotations } = parseWorkflow(path, text);
  if (workflow === null) throw new Error(JSON.stringify(annotations));
  return workflow;
}

function plan(text: string): PlannedRun {
  return planRun(read('ci.yml', text), { trigger, sha: SHA, contexts });
}

// Each workflow has its expected plan next to it.
const folder = resolve(import.meta.dirname, 'scenarios');
describe.each(readdirSync(folder).filter((file) => file.endsWith('.yml')))('%s', (file) => {
  const workflow = read(file, readFileSync(resolve(folder, file), 'utf8'));
  const run = planRun(workflow, { trigger, sha: SHA, contexts });

  it('has the expected plan', () => {
    expect(run).toEqual(JSON.parse(readFileSync(resolve(folder, file.replace('.yml', '.json')), 'utf8')));
  });

  it('has a plan that matches the stored schema', () => {
    expect(PlannedRun.parse(JSON.parse(JSON.stringify(run)))).toEqual(run);
  });
});

const job = (body: string) => `on: push\njobs:\n  a:\n    runs-on: x\n    steps: [{ run: x }]\n    ${body}\n`;

it('Keys are unique and of limited length', () => {
  const keys = plan(
    job(
      `strategy: { matrix: { include: [{ v: 1 }, { v: '1' }, { v: ${'y'.repeat(200)} }, { v: ${'y'.repeat(201)} }] } }`,
    ),
  ).jobs.map(({ key }) => key);
  const long = `a (${'y'.repeat(94)}...`;
  expect(keys).toEqual(['a (1)', 'a (1) #2', long, `${long} #2`]);
});

it('Jobs whose long ids are shortened to the same key have different keys', () => {
  const body = '{ runs-on: x, steps: [{ run: x }], strategy: { matrix: { v: [1, 2] } } }';
  const [one, two] = ['b', 'c'].map((letter) => 'a'.repeat(97) + letter);
  const { jobs } = plan(`on: push\njobs:\n  ${one}: ${body}\n  ${two}: ${body}\n`);
  expect(new Set(jobs.map(({ key }) => key)).size).toBe(4);
});

it.each([
  ['Unit', ['Unit (1)', 'Unit (2)']],
  ['Unit of ${{ matrix.v }}', ['Unit of 1', 'Unit of 2']],
])('Cells of a job with the name %s have different names', (name, names) => {
  const run = plan(job(`name: ${name}\n    strategy: { matrix: { v: [1, 2] } }`));
  expect(run.jobs.map((planned) => planned.name)).toEqual(names);
});

it('Each cell has its own `strategy`', () => {
  const { jobs } = plan(
    job(
      "name: '${{ strategy.job-index }}/${{ strategy.job-total }}/${{ strategy.max-parallel }}'\n    strategy: { matrix: { v: [1, 2] } }",
    ),
  );
  expect(jobs.map((planned) => [planned.name, planned.strategy])).toEqual([
    ['0/2/2', { fail_fast: true, job_index: 0, job_total: 2, max_parallel: null }],
    ['1/2/2', { fail_fast: true, job_index: 1, job_total: 2, max_parallel: null }],
  ]);
});

it('Inputs that are not set have their defaults', () => {
  const text = `on: { workflow_dispatch: { inputs: { a: { default: x }, b: { default: y } } } }
jobs: { j: { name: '\${{ inputs.a }} \${{ inputs.b }}', runs-on: z, steps: [{ run: x }] } }
`;
  const run = planRun(read('ci.yml', text), { trigger, sha: SHA, contexts: { inputs: { b: 'given' } } });
  expect(run.jobs[0]?.name).toBe('x given');
});

it('A run has at most 1,000 jobs', () => {
  const vector = JSON.stringify(Array.from({ length: 256 }, (_, i) => i));
  const jobs = ['a', 'b', 'c', 'd'].map(
    (id) => `  ${id}: { runs-on: x, steps: [{ run: x }], strategy: { matrix: { v: ${vector} } } }\n`,
  );
  expect(plan(`on: push\njobs:\n${jobs.join('')}`)).toMatchObject({
    failure: 'ci.yml:1:1: The workflow has 1024 jobs; the limit is 1000',
    jobs: [],
  });
});

it('An invalid file is a failed run with the reason', () => {
  const annotation = { path: 'gantry.yml', line: 3, column: 5, level: 'failure', message: 'No' } as const;
  expect(failedRun('ci.yml', [annotation])).toEqual({
    workflow: 'ci.yml',
    path: 'ci.yml',
    failure: 'gantry.yml:3:5: No',
    app: null,
    annotations: [annotation],
    jobs: [],
  });
});

it('The context `github` comes from the trigger', () => {
  expect(triggerContext({ ...trigger, ref: 'refs/tags/v1' }, SHA)).toMatchObject({
    ref_name: 'v1',
    ref_type: 'tag',
    sha: SHA,
  });
  expect(triggerContext({ ...trigger, ref: 'refs/pull/7/head' }, SHA)).toMatchObject({
    ref_name: '7/head',
    ref_type: 'branch',
  });
});

it('`continue-on-error` is evaluated for each cell', () => {
  const { jobs } = plan(
    job('strategy: { matrix: { node: [22, 24] } }\n    continue-on-error: ${{ matrix.node == 24 }}'),
  );
  expect(jobs.map(({ continue_on_error }) => continue_on_error)).toEqual(['false', 'true']);
});
