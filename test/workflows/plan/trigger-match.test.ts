import { describe, expect, it } from 'vitest';
import type { Trigger } from '../../../src/jobs/run/trigger.ts';
import { matchTrigger } from '../../../src/workflows/plan/trigger-match.ts';
import type { Workflow } from '../../../src/workflows/syntax/workflow.ts';
import { parseWorkflow } from '../../../src/workflows/syntax/workflow-file.ts';

function workflow(on: string): Workflow {
  const parsed = parseWorkflow('ci.yml', `on: ${on}\njobs: { a: { runs-on: x, steps: [{ run: x }] } }\n`);
  if (parsed.workflow === null) throw new Error(JSON.stringify(parsed.annotations));
  return parsed.workflow;
}

function push(ref: string): Trigger {
  return {
    kind: ref.startsWith('refs/tags/') ? 'tag' : 'push',
    event: 'push',
    action: null,
    ref,
    sha: null,
    before: null,
    forced: false,
    base_ref: null,
    head_ref: null,
    actor: null,
    payload: {},
  };
}

const MAIN = 'refs/heads/main';

function pull(action: string, base: string): Trigger {
  return {
    ...push('refs/pull/7/merge'),
    kind: 'pull_request',
    event: 'pull_request',
    action,
    base_ref: base,
    head_ref: 'x',
  };
}

describe('A push and the filters of a workflow', () => {
  it.each<[on: string, ref: string, changed: string[] | null, reason: string | null]>([
    ['push', MAIN, [], null],
    ['[push, pull_request]', 'refs/tags/v1', [], null],
    ['pull_request', MAIN, [], 'it does not start on push'],
    ['{ schedule: [{ cron: "0 0 * * *" }], push: }', MAIN, [], null],
    ['{ push: { branches: [main] } }', MAIN, [], null],
    ['{ push: { branches: main } }', MAIN, [], null],
    ['{ push: { branches: [main] } }', 'refs/heads/next', [], 'next is not one of its branches'],
    ['{ push: { branches: [main] } }', 'refs/tags/main', [], 'it starts on branches only'],
    ['{ push: { tags: ["v*"] } }', MAIN, [], 'it starts on tags only'],
    ['{ push: { tags: ["v*"] } }', 'refs/tags/v1.0', [], null],
    ['{ push: { tags: ["v*"] } }', 'refs/tags/x', [], 'x is not one of its tags'],
    ['{ push: { tags: ["v*"], branches: ["**"] } }', 'refs/heads/a/b', [], null],
    ['{ push: { branches: ["releases/**", "!releases/**-alpha"] } }', 'refs/heads/releases/10', [], null],
    [
      '{ push: { branches: ["releases/**", "!releases/**-alpha"] } }',
      'refs/heads/releases/10-alpha',
      [],
      'releases/10-alpha is not one of its branches',
    ],
    ['{ push: { branches: ["!releases/**-alpha", "releases/**"] } }', 'refs/heads/releases/10-alpha', [], null],
    ['{ push: { branches: ["!main"] } }', 'refs/heads/x', [], 'x is not one of its branches'],
    ['{ push: { branches-ignore: ["x/**"] } }', 'refs/heads/x/y', [], 'x/y is not one of its branches'],
    ['{ push: { branches-ignore: ["x/**"] } }', MAIN, [], null],
    ['{ push: { branches-ignore: ["x/**"] } }', 'refs/tags/v1', [], 'it starts on branches only'],
    ['{ push: { tags-ignore: ["v*"] } }', 'refs/tags/v1', [], 'v1 is not one of its tags'],
    ['{ push: { paths: ["src/**"] } }', MAIN, ['src/a.ts', 'x'], null],
    ['{ push: { paths: ["src/**"] } }', MAIN, ['x'], 'no file in its paths changed'],
    ['{ push: { paths: ["src/**"] } }', MAIN, null, null],
    ['{ push: { paths: ["src/**"] } }', 'refs/tags/v1', ['x'], null],
    ['{ push: { paths: ["**", "!docs/**", "docs/x"] } }', MAIN, ['docs/a'], 'no file in its paths changed'],
    ['{ push: { paths: ["**", "!docs/**", "docs/x"] } }', MAIN, ['docs/x'], null],
    [
      '{ push: { paths-ignore: ["docs/**", "*.md"] } }',
      MAIN,
      ['docs/a', 'README.md'],
      'only files in its ignored paths changed',
    ],
    ['{ push: { paths-ignore: ["docs/**"] } }', MAIN, ['docs/a', 'b'], null],
    ['{ push: { branches: [main], paths: [a] } }', MAIN, ['b'], 'no file in its paths changed'],
  ])('on: %s, %s, %j', (on, ref, changed, reason) => {
    expect(matchTrigger(workflow(on), push(ref), changed, null)).toEqual(
      reason === null ? { run: true } : { run: false, reason },
    );
  });
});

describe('A pull request and the filters of a workflow', () => {
  it.each<[on: string, trigger: Trigger, changed: string[] | null, message: string | null, reason: string | null]>([
    ['pull_request', pull('opened', 'main'), null, null, null],
    ['pull_request', pull('synchronize', 'main'), null, null, null],
    ['pull_request', pull('closed', 'main'), null, null, 'it does not start on closed'],
    ['{ pull_request: { types: [closed] } }', pull('closed', 'main'), null, null, null],
    ['{ pull_request: { types: [closed] } }', pull('opened', 'main'), null, null, 'it does not start on opened'],
    ['{ pull_request: { branches: [main] } }', pull('opened', 'main'), null, null, null],
    ['{ pull_request: { branches: [main] } }', pull('opened', 'next'), null, null, 'next is not one of its branches'],
    [
      '{ pull_request: { branches-ignore: [main] } }',
      pull('opened', 'main'),
      null,
      null,
      'main is not one of its branches',
    ],
    ['{ pull_request: { paths: ["*.ts"] } }', pull('opened', 'main'), ['a.js'], null, 'no file in its paths changed'],
    ['pull_request', pull('opened', 'main'), null, 'Words [Skip CI]', 'its head commit message skips it'],
    ['push', pull('opened', 'main'), null, null, 'it does not start on pull_request'],
  ])('on: %s', (on, trigger, changed, message, reason) => {
    expect(matchTrigger(workflow(on), trigger, changed, message)).toEqual(
      reason === null ? { run: true } : { run: false, reason },
    );
  });
});

describe('A manual start without a workflow name', () => {
  it.each([
    ['{ push: { branches: [main], paths: [a] } }', { run: true }],
    ['{ push: { branches: [next] } }', { run: false, reason: 'main is not one of its branches' }],
    ['workflow_dispatch', { run: false, reason: 'it does not start on push; to start it manually, specify its name' }],
  ])('on: %s', (on, match) => {
    const trigger: Trigger = { ...push(MAIN), kind: 'api', event: 'workflow_dispatch' };
    expect(matchTrigger(workflow(on), trigger, ['b'], null)).toEqual(match);
  });
});
