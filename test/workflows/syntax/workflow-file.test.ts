import { describe, expect, it } from 'vitest';
import { parseWorkflow } from '../../../src/workflows/syntax/workflow-file.ts';

const PATH = '.github/workflows/ci.yml';

function problemsOf(text: string): string[] {
  const { workflow, annotations } = parseWorkflow(PATH, text);
  expect(workflow).toBeNull();
  expect(annotations.every(({ path }) => path === PATH)).toBe(true);
  return annotations.map(({ line, column, message }) => `${line}:${column} ${message}`);
}

/** A workflow with one job: `lines` from line 5 on, then the steps. */
function job(lines: string[], steps: string[] = ['- run: make']): string {
  return [
    'on: push',
    'jobs:',
    '  test:',
    '    runs-on: ubuntu-latest',
    ...lines.map((line) => `    ${line}`),
    '    steps:',
    ...steps.map((line) => `      ${line}`),
    '',
  ].join('\n');
}

/** A workflow with jobs by id, each with its `needs`. */
function jobs(needs: Record<string, string>): string {
  const lines = Object.entries(needs).map(
    ([id, need]) => `  ${id}: { needs: [${need}], runs-on: x, steps: [{ run: x }] }\n`,
  );
  return `on: push\njobs:\n${lines.join('')}`;
}

it('A workflow is parsed with its defaults applied', () => {
  const text = `
name: CI
on:
  push: { branches: [main, 'v*', '!v0*'] }
  pull_request:
  schedule: [{ cron: '0 3 * * *' }]
  workflow_dispatch: { inputs: { level: { type: string, default: info } } }
permissions: { contents: read }
env: { VERSION: 1.0, ON: true, NONE: }
defaults: { run: { shell: sh, working-directory: app } }
jobs:
  test:
    name: Test \${{ matrix.node }}
    runs-on: \${{ matrix.os }}
    container: { image: 'node:\${{ matrix.node }}', env: { A: b } }
    strategy:
      fail-fast: false
      max-parallel: 2
      matrix: { os: [linux], node: [20, 22] }
    timeout-minutes: 5
    continue-on-error: \${{ matrix.node == 22 }}
    outputs: { sum: '\${{ steps.sum.outputs.sum }}' }
    defaults: { run: { working-directory: lib } }
    steps:
      - uses: actions/checkout@v4
        with: { Fetch-Depth: 0 }
      - id: sum
        if: \${{ always() }}
        run: |
          echo \${{ matrix.node }}
          make
        shell: python
        env: { SUM: '\${{ env.VERSION }}' }
        continue-on-error: true
        timeout-minutes: 1.5
      - { name: Last, run: last, working-directory: / }
  after:
    needs: Test
    if: failure()
    runs-on: [self-hosted, big]
    steps: [{ run: x }]
`;
  const none = {
    types: null,
    branches: null,
    'branches-ignore': null,
    tags: null,
    'tags-ignore': null,
    paths: null,
    'paths-ignore': null,
  };
  const step = {
    id: null,
    if: 'success()',
    run: null,
    uses: null,
    with: {},
    env: {},
    shell: null,
    working_directory: null,
    continue_on_error: 'false',
    timeout_minutes: null,
  };
  const empty = {
    name: null,
    needs: [],
    if: 'success()',
    matrix: null,
    max_parallel: null,
    timeout_minutes: null,
    continue_on_error: 'false',
    container: { image: null, env: {} },
    env: {},
    outputs: {},
  };
  expect(parseWorkflow(PATH, text)).toEqual({
    annotations: [],
    workflow: {
      path: PATH,
      name: 'CI',
      run_name: null,
      events: {
        push: { ...none, branches: ['main', 'v*', '!v0*'] },
        pull_request: none,
        schedule: none,
        workflow_dispatch: none,
      },
      inputs: { level: 'info' },
      env: { VERSION: '1', ON: 'true', NONE: '' },
      jobs: [
        {
          ...empty,
          id: 'test',
          line: 12,
          column: 3,
          name: 'Test ${{ matrix.node }}',
          runs_on: { value: '${{ matrix.os }}', line: 14, column: 14 },
          matrix: { value: { os: ['linux'], node: [20, 22] }, line: 19, column: 15 },
          fail_fast: { value: 'false', line: 17, column: 18 },
          max_parallel: { value: '2', line: 18, column: 21 },
          timeout_minutes: { value: '5', line: 20, column: 22 },
          continue_on_error: { value: '${{ matrix.node == 22 }}', line: 21, column: 24 },
          container: { image: 'node:${{ matrix.node }}', env: { A: 'b' } },
          outputs: { sum: '${{ steps.sum.outputs.sum }}' },
          steps: [
            {
              ...step,
              name: 'Run actions/checkout@v4',
              uses: 'actions/checkout@v4',
              with: { 'fetch-depth': '0' },
              line: 25,
              column: 9,
            },
            {
              ...step,
              id: 'sum',
              name: 'Run echo ${{ matrix.node }}',
              if: 'always()',
              run: 'echo ${{ matrix.node }}\nmake\n',
              shell: 'python',
              working_directory: 'lib',
              env: { SUM: '${{ env.VERSION }}' },
              continue_on_error: 'true',
              timeout_minutes: '1.5',
              line: 27,
              column: 9,
            },
            { ...step, name: 'Last', run: 'last', shell: 'sh', working_directory: '/', line: 36, column: 9 },
          ],
        },
        {
          ...empty,
          id: 'after',
          line: 37,
          column: 3,
          needs: [{ id: 'Test', line: 38, column: 12 }],
          if: 'failure()',
          runs_on: { value: ['self-hosted', 'big'], line: 40, column: 14 },
          fail_fast: { value: 'true', line: 37, column: 3 },
          continue_on_error: { value: 'false', line: 37, column: 3 },
          steps: [{ ...step, name: 'Run x', run: 'x', shell: 'sh', working_directory: 'app', line: 41, column: 13 }],
        },
      ],
    },
  });
});

it.each([
  ['on: push', ['push']],
  ['on: [push, release]', ['push', 'release']],
  ['on:\n  workflow_call:\n  push:', ['workflow_call', 'push']],
])('%s', (on, events) => {
  const { workflow } = parseWorkflow(PATH, job([]).replace('on: push', on));
  expect(Object.keys(workflow?.events ?? {})).toEqual(events);
});

it('Aliases are resolved', () => {
  const { workflow } = parseWorkflow(PATH, job(['env: &env { A: b }'], ['- run: x', '  env: *env']));
  expect(workflow?.jobs[0]?.steps[0]?.env).toEqual({ A: 'b' });
});

it('A key can be a number, and a value can be missing', () => {
  const { workflow } = parseWorkflow(PATH, job(['env: { 1: a, B }']));
  expect(workflow?.jobs[0]?.env).toEqual({ 1: 'a', B: '' });
});

it('An `if` that is always true has a warning', () => {
  const { workflow, annotations } = parseWorkflow(PATH, job(["if: ${{ github.ref == 'x' }} && true"]));
  expect(workflow?.jobs[0]?.if).toBe("format('{0} && true',  github.ref == 'x' )");
  expect(annotations).toEqual([
    { path: PATH, line: 5, column: 9, level: 'warning', message: expect.stringContaining('is always true') },
  ]);
});

describe('What GitHub rejects has an annotation at its place', () => {
  it.each([
    ['an unknown key', job(['run-on: x']), ["5:5 Unexpected value 'run-on'"]],
    ['a missing key', 'on: push\njobs:\n  a:\n    steps: [{run: x}]\n', ['4:5 Required property is missing: runs-on']],
    ['no jobs', 'on: push\n', ['1:1 Required property is missing: jobs']],
    ['an unknown event', job([]).replace('push', '{ pushed: }'), ["1:7 Unexpected value 'pushed'"]],
    ['an unavailable context', job(['if: steps.a.outputs.b']), ["5:9 Unrecognized named-value: 'steps'"]],
    ['a bad condition', job(['if: success(']), ["5:9 Unexpected end of expression: '('"]],
    ['a bad expression', job([], ['- run: echo ${{ github.sha == }}']), ["6:19 Unexpected end of expression: '=='"]],
    [
      'a bad expression in a block',
      job([], ['- run: |', '    a', '    ${{ nope }}']),
      ["8:11 Unrecognized named-value: 'nope'"],
    ],
    [
      'an unclosed expression',
      job([], ['- run: echo ${{ github.sha']),
      [
        '6:14 The expression is not closed. An unescaped ${{ sequence was found, but the closing }} sequence was not found.',
      ],
    ],
    [
      'an invalid job id',
      job([]).replace('test:', '1st:'),
      [expect.stringContaining("3:3 The identifier '1st' is invalid")],
    ],
    [
      'a duplicate step id',
      job([], ['- { id: a, run: x }', '- { id: A, run: x }']),
      ['7:9 Another step has the id `A`'],
    ],
    ['a step without run or uses', job([], ['- name: x']), [expect.stringMatching(/^6:9 There's not enough info/)]],
  ])('%s', (_, text, problems) => {
    expect(problemsOf(text)).toEqual(problems);
  });
});

describe('What Gantry does not support has an annotation with advice', () => {
  const later = 'is not supported by Gantry yet';
  it.each([
    [
      'concurrency: x\n' + job([]),
      `1:1 \`concurrency\` ${later}; deployments to one environment already run one at a time`,
    ],
    [job(['concurrency: x']), `5:5 \`concurrency\` ${later}; deployments to one environment already run one at a time`],
    [job(['services: { db: { image: redis } }']), `5:5 \`services\` ${later}; start services in a step`],
    [
      job(['environment: production']),
      `5:5 \`environment\` ${later}; set the input \`environment\` of gantry/deploy@v1`,
    ],
    [
      job(['container: { image: x, options: --privileged }']),
      `5:28 \`options\` ${later}; set limits in the configuration of Gantry`,
    ],
    [
      job(['container: { image: x, volumes: [/:/host] }']),
      `5:28 \`volumes\` ${later}; the workspace is available in every step`,
    ],
    [job([]).replace('ubuntu-latest', '{ group: big }'), `4:16 \`group\` ${later}; use labels`],
    [
      'on: push\njobs:\n  a:\n    uses: ./a.yml\n',
      `4:5 \`uses\` ${later}; copy the steps of the called workflow into this job`,
    ],
    [
      job([], ['- { run: x, shell: pwsh }']),
      `6:26 \`shell: pwsh\` ${later}; the supported shells are bash, sh, python`,
    ],
    [
      job(['defaults: { run: { shell: "bash -x {0}" } }']),
      `5:31 \`shell: bash -x {0}\` ${later}; the supported shells are bash, sh, python`,
    ],
    [
      job([], ['- uses: actions/cache@v4']),
      `6:15 \`uses: actions/cache@v4\` ${later}; the supported actions are actions/checkout, gantry/build, gantry/deploy`,
    ],
    [
      job([], ['- uses: constructor@v4']),
      `6:15 \`uses: constructor@v4\` ${later}; the supported actions are actions/checkout, gantry/build, gantry/deploy`,
    ],
    [
      job([], ['- uses: actions/checkout']),
      '6:15 `uses: actions/checkout` needs a version, such as actions/checkout@v4',
    ],
    [job([], ['- uses: gantry/build@v2']), '6:15 `gantry/build` has only one version: gantry/build@v1'],
    [
      job([], ['- uses: actions/checkout@v4', '  with: { token: x }']),
      '7:17 The input `token` of actions/checkout is refused: Gantry clones with the credentials of the registered repository',
    ],
    [job([], ['- uses: actions/checkout@v4', '  with: { submodules: true }']), `7:17 \`submodules: true\` ${later}`],
    [
      job([], ['- uses: actions/checkout@v4', '  with: { fetch-depth: all }']),
      '7:17 `fetch-depth` must be a whole number, 0 or greater',
    ],
    [
      job([], ['- uses: gantry/build@v1', '  with: { constructor: x }']),
      '7:17 gantry/build has no input `constructor`; it has context, file, tags, build-args, target, labels, push',
    ],
    [job([], ['- uses: gantry/build@v1', '  with: { push: maybe }']), '7:17 `push` must be true or false'],
    [job([], ['- uses: gantry/deploy@v1']), '6:15 `uses: gantry/deploy@v1` requires the input `image`'],
    [job(['strategy: ${{ fromJSON(vars.ALL) }}']), '5:15 `strategy` must be a mapping of `key: value` pairs'],
    [job([], ['- run: ${{ constructor(1) }}']), "6:14 Unrecognized function: 'constructor'"],
    [
      job([]).replace('push', '{ push: { branches: [a], branches-ignore: [b] } }'),
      '1:30 `branches` and `branches-ignore` cannot be used together: use `!` patterns in `branches`',
    ],
    [
      job([]).replace('push', "{ push: { paths: ['[a'] } }"),
      '1:23 Invalid pattern `[a`: it has an unclosed `[`, or it is too long',
    ],
  ])('%#', (text, problem) => {
    expect(problemsOf(text)).toEqual([problem]);
  });

  it('All problems are reported together, sorted by position', () => {
    expect(
      problemsOf(job(['environment: a', 'services: { a: { image: b } }'], ['- uses: a/b@v1'])).map((line) =>
        line.slice(0, 4),
      ),
    ).toEqual(['5:5 ', '6:5 ', '8:15']);
  });
});

describe('`needs` must refer to jobs and have no cycle', () => {
  it.each<[Record<string, string>, string[]]>([
    [{ a: '', b: 'a, nope' }, ['4:19 `needs`: unknown job `nope`']],
    [{ a: 'a' }, ['3:16 `needs` has a cycle: `a` → `a`']],
    [{ start: '', a: 'c, start', b: 'a', c: 'b', late: 'a' }, ['5:16 `needs` has a cycle: `a` → `c` → `b` → `a`']],
  ])('%j', (needs, problems) => {
    expect(problemsOf(jobs(needs))).toEqual(problems);
  });
});
