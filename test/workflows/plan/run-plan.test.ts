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

// Each workflow beside the plan that it comes to.
const folder = resolve(import.meta.dirname, 'scenarios');
describe.each(readdirSync(folder).filter((file) => file.endsWith('.yml')))('%s', (file) => {
  const workflow = read(file, readFileSync(resolve(folder, file), 'utf8'));
  const run = planRun(workflow, { trigger, sha: SHA, contexts });

  it('comes to its plan', () => {
    expect(run).toEqual(JSON.parse(readFileSync(resolve(folder, file.replace('.yml', '.json')), 'utf8')));
  });

  it('is a plan that can be stored', () => {
    expect(PlannedRun.parse(JSON.parse(JSON.stringify(run)))).toEqual(run);
  });
});

const job = (body: string) => `on: push\njobs:\n  a:\n    runs-on: x\n    steps: [{ run: x }]\n    ${body}\n`;

it('keys are unique, and no longer than a name may be', () => {
  const keys = plan(
    job(
      `strategy: { matrix: { include: [{ v: 1 }, { v: '1' }, { v: ${'y'.repeat(200)} }, { v: ${'y'.repeat(201)} }] } }`,
    ),
  ).jobs.map(({ key }) => key);
  const long = `a (${'y'.repeat(94)}...`;
  expect(keys).toEqual(['a (1)', 'a (1) #2', long, `${long} #2`]);
});

it.each([
  ['Unit', ['Unit (1)', 'Unit (2)']],
  ['Unit of ${{ matrix.v }}', ['Unit of 1', 'Unit of 2']],
])('jobs of a matrix that are named %s are told apart', (name, names) => {
  const run = plan(job(`name: ${name}\n    strategy: { matrix: { v: [1, 2] } }`));
  expect(run.jobs.map((planned) => planned.name)).toEqual(names);
});

it('strategy tells each job its place', () => {
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

it('inputs have their defaults unless they are given', () => {
  const text = `on: { workflow_dispatch: { inputs: { a: { default: x }, b: { default: y } } } }
jobs: { j: { name: '\${{ inputs.a }} \${{ inputs.b }}', runs-on: z, steps: [{ run: x }] } }
`;
  const run = planRun(read('ci.yml', text), { trigger, sha: SHA, contexts: { inputs: { b: 'given' } } });
  expect(run.jobs[0]?.name).toBe('x given');
});

it('a run has at most 1,000 jobs', () => {
  const vector = JSON.stringify(Array.from({ length: 256 }, (_, i) => i));
  const jobs = ['a', 'b', 'c', 'd'].map(
    (id) => `  ${id}: { runs-on: x, steps: [{ run: x }], strategy: { matrix: { v: ${vector} } } }\n`,
  );
  expect(plan(`on: push\njobs:\n${jobs.join('')}`)).toMatchObject({
    failure: 'ci.yml:1:1: The workflow has 1024 jobs; the limit is 1000',
    jobs: [],
  });
});

it('a file that cannot be run is a failed run that says why', () => {
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

it('the trigger gives the context `github`', () => {
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

it('whether a failure counts is known for each cell of a matrix', () => {
  const { jobs } = plan(
    job('strategy: { matrix: { node: [22, 24] } }\n    continue-on-error: ${{ matrix.node == 24 }}'),
  );
  expect(jobs.map(({ continue_on_error }) => continue_on_error)).toEqual(['false', 'true']);
});
