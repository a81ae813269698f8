import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Trigger } from '../../../src/jobs/run/trigger.ts';
import { evaluateCondition } from '../../../src/workflows/expressions/condition.ts';
import { planRun } from '../../../src/workflows/plan/run-plan.ts';
import { SHIPPED, shippedFor } from '../../../src/workflows/plan/shipped.ts';
import { matchTrigger } from '../../../src/workflows/plan/trigger-match.ts';
import { parseWorkflow } from '../../../src/workflows/syntax/workflow-file.ts';

const FOLDER = resolve(import.meta.dirname, '../../../pipelines');

const push: Trigger = {
  kind: 'push',
  event: 'push',
  action: null,
  ref: 'refs/heads/main',
  sha: 'a'.repeat(40),
  before: null,
  forced: false,
  base_ref: null,
  head_ref: null,
  actor: 'ada',
  payload: { repository: { default_branch: 'main' } },
};

describe('A repository without workflows gets the shipped one for its files', () => {
  it.each([
    [['README.md'], []],
    [['package.json', 'app/Dockerfile'], ['node']],
    [['package.json', 'gantry.yml'], ['node']],
    [['Dockerfile'], ['docker']],
    [['Dockerfile', 'gantry.yml'], ['docker-deploy']],
    [['Dockerfile', 'package.json'], ['node-docker']],
    [['Dockerfile', 'gantry.yml', 'package.json', 'package-lock.json'], ['node-docker-deploy']],
  ])('%j', (files, names) => {
    expect(shippedFor(files)).toEqual(names);
  });
});

it('Every shipped workflow has a file', () => {
  const names = readdirSync(FOLDER).filter((file) => file.endsWith('.yml'));
  expect(names.toSorted()).toEqual(SHIPPED.map((name) => `${name}.yml`).toSorted());
});

describe.each([
  ['node', ['test: test']],
  ['node-docker', ['test: test', 'build: build']],
  ['node-docker-deploy', ['test: test', 'build: build', 'deploy: deploy after test, build']],
  ['docker', ['build: build']],
  ['docker-deploy', ['build: build', 'deploy: deploy after build']],
])('%s.yml', (name, jobs) => {
  const path = `pipelines/${name}.yml`;
  const { workflow, annotations } = parseWorkflow(path, readFileSync(resolve(FOLDER, `${name}.yml`), 'utf8'));
  if (workflow === null) throw new Error(JSON.stringify(annotations));
  const run = planRun(workflow, { trigger: push, sha: 'a'.repeat(40), contexts: {} });

  it('is planned without annotations', () => {
    expect(annotations).toEqual([]);
    expect(run.failure).toBeNull();
    expect(
      run.jobs.map(({ key, kind, needs }) => `${key}: ${kind}${needs.length > 0 ? ` after ${needs.join(', ')}` : ''}`),
    ).toEqual(jobs);
  });

  it('starts on every branch and pull request, but not on tags', () => {
    expect(matchTrigger(workflow, { ...push, ref: 'refs/heads/a/b' }, null, null)).toEqual({ run: true });
    expect(matchTrigger(workflow, { ...push, ref: 'refs/tags/v1' }, null, null)).toMatchObject({ run: false });
    expect(
      matchTrigger(workflow, { ...push, event: 'pull_request', action: 'opened', base_ref: 'main' }, null, null),
    ).toEqual({ run: true });
  });

  if (name.endsWith('deploy'))
    it('deploys the built image to production, from the default branch only', () => {
      const deploy = run.jobs.at(-1);
      expect(deploy?.environments).toEqual(['production']);
      expect(deploy?.steps.map((step) => step.with)).toEqual([
        { environment: 'production', image: '${{ needs.build.outputs.image }}' },
      ]);
      const condition = deploy?.if ?? '';
      const github = { ref: 'refs/heads/main', event: { repository: { default_branch: 'main' } } };
      expect(evaluateCondition(condition, { github }, 'succeeded')).toBe(true);
      expect(evaluateCondition(condition, { github }, 'failed')).toBe(false);
      expect(evaluateCondition(condition, { github: { ...github, ref: 'refs/heads/next' } }, 'succeeded')).toBe(false);
    });
});
