import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runJob } from '../../../src/engine/job/run-job.ts';
import { type EngineHarness, emptyImage, jobOf, newId, openEngineHarness, openReporter } from '../harness.ts';

let harness: EngineHarness;

beforeAll(async () => {
  harness = await openEngineHarness();
});

afterAll(async () => {
  const containers = await harness.docker.containers({});
  const folders = await readdir(join(harness.deps.config.work_dir, 'jobs'));
  await harness[Symbol.asyncDispose]();
  expect({ containers, folders }, 'jobs leave no container and no folder').toEqual({ containers: [], folders: [] });
});

const never = new AbortController().signal;

async function run(grant: ReturnType<typeof jobOf>, signal = never) {
  const reporter = openReporter(newId('att'));
  const finished = await runJob(harness.deps, grant, reporter, signal);
  return { ...finished, reporter };
}

describe('A job of run steps', () => {
  test('runs them in order in one container and succeeds', async () => {
    const { verdict, reporter } = await run(
      jobOf([{ run: 'echo one > /kept; echo hello' }, { run: 'cat /kept; pwd; echo oops >&2' }]),
    );
    expect(verdict).toEqual({ status: 'succeeded', reason: null, exit_code: 0 });
    const lines = ['1 stdout hello', '2 stderr oops', '2 stdout /github/workspace', '2 stdout one'];
    expect(reporter.lines().toSorted()).toEqual(lines);
    expect(reporter.steps().map((step) => step.status)).toEqual(['succeeded', 'succeeded']);
  });

  test('fails with the exit code of the step that failed, and skips those after it with a reason', async () => {
    const { verdict, reporter } = await run(jobOf([{ name: 'check', run: 'exit 7' }, { run: 'echo never' }]));
    expect(verdict).toEqual({ status: 'failed', reason: 'step `check` exited with code 7', exit_code: 7 });
    expect(reporter.steps()[1]).toMatchObject({
      status: 'skipped',
      reason: 'a step before it failed',
      started_at: null,
    });
    expect(reporter.text()).not.toContain('never');
  });

  test('passes outputs, variables and PATH folders on to later steps', async () => {
    const { outputs, reporter, verdict } = await run(
      jobOf(
        [
          {
            id: 'set',
            run: [
              'echo "word=hello" >> $GITHUB_OUTPUT',
              'printf "lines<<END\\na\\nb=1\\nEND\\n" >> $GITHUB_OUTPUT',
              'echo "COLOUR=blue" >> $GITHUB_ENV',
              'echo "NODE_OPTIONS=--require /x" >> $GITHUB_ENV',
              'echo "GITHUB_SHA=forged" >> $GITHUB_ENV',
              'mkdir /tools; printf "#!/bin/sh\\necho tool\\n" > /tools/mytool; chmod +x /tools/mytool',
              'echo /tools >> $GITHUB_PATH',
            ].join('\n'),
          },
          {
            env: { WORD: '${{ steps.set.outputs.word }} ${{ env.COLOUR }}' },
            run: 'echo "$WORD $COLOUR [$NODE_OPTIONS]"; mytool; echo "${{ steps.set.outputs.lines }}"',
          },
        ],
        { spec: { outputs: { word: '${{ steps.set.outputs.word }}' } } },
      ),
    );
    expect(verdict.reason).toBeNull();
    expect(outputs).toEqual({ word: 'hello' });
    expect(reporter.lines()).toContain('2 stdout hello blue blue []');
    expect(reporter.lines()).toEqual(expect.arrayContaining(['2 stdout tool', '2 stdout a', '2 stdout b=1']));
    expect(reporter.text()).toContain('NODE_OPTIONS cannot be set by a step');
    expect(reporter.text()).toContain('GITHUB_SHA cannot be set by a step');
  });

  test('has GitHub’s contexts and variables', async () => {
    const { reporter } = await run(
      jobOf(
        [
          {
            run: 'echo "${{ matrix.node }} ${{ needs.build.outputs.image }} ${{ github.repository }} ${{ job.status }} ${{ runner.os }}"',
          },
          { run: 'echo "$CI $GITHUB_ACTIONS $GITHUB_REPOSITORY $GITHUB_JOB $RUNNER_OS $GANTRY $LAYER [$HOME]"' },
          { run: 'cat $GITHUB_EVENT_PATH; touch $RUNNER_TEMP/x' },
        ],
        {
          payload_blob: (await harness.deps.blobs.put(Buffer.from('{"number":7}'))).hash,
          needs: { build: { result: 'success', outputs: { image: 'shop:1' } } },
          spec: {
            matrix: { node: 24 },
            env: [{ LAYER: 'workflow' }, { LAYER: 'job-${{ matrix.node }}' }],
          },
        },
      ),
    );
    expect(reporter.lines()).toEqual([
      '1 stdout 24 shop:1 acme/shop success Linux',
      '2 stdout true true acme/shop test Linux true job-24 [/root]',
      '3 stdout {"number":7}',
    ]);
  });

  test('continues after a failure under continue-on-error, and runs failure() steps after any other', async () => {
    const { verdict, reporter } = await run(
      jobOf([
        { id: 'a', run: 'false', continue_on_error: 'true' },
        { run: 'echo ${{ steps.a.outcome }}/${{ steps.a.conclusion }}' },
        { run: 'exit 3' },
        { if: 'failure()', run: 'echo cleaned' },
        { if: 'always()', run: 'echo ${{ job.status }}' },
        { if: "success() && github.ref_name == 'main'", run: 'echo no' },
      ]),
    );
    expect(verdict).toMatchObject({ status: 'failed', exit_code: 3 });
    expect(reporter.lines()).toEqual(
      expect.arrayContaining(['2 stdout failure/success', '4 stdout cleaned', '5 stdout failure']),
    );
    expect(reporter.text()).not.toMatch(/^no$/m);
  });

  test('shows each step’s summary in its log, in whole lines up to a limit, also after a timeout', async () => {
    const { verdict, reporter } = await run(
      jobOf([
        { run: 'printf "## Tests\n\n3 of 3" >> $GITHUB_STEP_SUMMARY' },
        { run: 'seq 1 300000 > $GITHUB_STEP_SUMMARY' },
        { run: 'head -c 70000 /dev/zero | tr "\0" x > $GITHUB_STEP_SUMMARY' },
        { run: 'true' },
        { name: 'slow', run: 'echo halfway > $GITHUB_STEP_SUMMARY; sleep 100', timeout_minutes: '0.03' },
      ]),
    );
    expect(verdict.reason).toMatch(/slow/);
    const lines = (step: number) => reporter.lines().filter((line) => line.startsWith(`${step} system `));
    expect(lines(1)).toEqual(['1 system Summary of step 1:', '1 system ## Tests', '1 system ', '1 system 3 of 3']);
    expect(lines(2).slice(0, 2)).toEqual(['2 system Summary of step 2:', '2 system 1']);
    expect(lines(2).at(-2)).toMatch(/^2 system 1\d{4}$/);
    expect(lines(2).at(-1)).toMatch(/is \d+ bytes long; only whole lines up to 64 KiB are shown$/);
    expect(lines(3)).toHaveLength(2);
    expect(lines(4)).toEqual([]);
    expect(lines(5)).toEqual(expect.arrayContaining(['5 system Summary of step 5:', '5 system halfway']));
  });

  test('ends a step when its process ends, though a child keeps the output open', async () => {
    const started = Date.now();
    const { verdict, reporter } = await run(jobOf([{ run: 'sleep 100 & echo done' }]));
    expect(verdict.status).toBe('succeeded');
    expect(reporter.lines()).toEqual(['1 stdout done']);
    expect(Date.now() - started).toBeLessThan(15_000);
  });

  test('ends a step at its own timeout', async () => {
    const { verdict, reporter } = await run(jobOf([{ name: 'slow', run: 'sleep 100', timeout_minutes: '0.01' }]));
    expect(verdict).toMatchObject({ status: 'failed', reason: 'step `slow` ran longer than 0.01 min' });
    expect(reporter.steps()[0]?.status).toBe('timed_out');
  });

  test('runs the shells that the image has', async () => {
    const { verdict, reporter } = await run(
      jobOf(
        [
          { shell: 'bash', run: 'set -o | grep pipefail' },
          { run: 'echo ${BASH_VERSION:+bash}' },
          { shell: 'sh', run: 'echo sh' },
          { shell: 'perl', run: 'print 1' },
        ],
        { spec: { container: { image: 'debian:bookworm-slim', env: {} } } },
      ),
    );
    expect(reporter.lines().slice(0, 3)).toEqual([
      expect.stringMatching(/^1 stdout pipefail\s+on$/),
      '2 stdout bash',
      '3 stdout sh',
    ]);
    expect(verdict.reason).toBe('shell `perl` is not supported; use bash, sh or python');
  });

  test('hides secrets in reasons, names, annotations and outputs', async () => {
    const { verdict, outputs, reporter } = await run(
      jobOf(
        [
          {
            name: 'say ${{ secrets.KEY }}',
            run: 'echo "::error file=a.js,line=3,col=2::got $KEY"',
            env: { KEY: '${{ secrets.KEY }}' },
          },
          {
            id: 'o',
            run: 'echo "k=$KEY" >> $GITHUB_OUTPUT; echo "::add-mask::later"',
            env: { KEY: '${{ secrets.KEY }}' },
          },
          { name: 'later', run: 'exit 1' },
        ],
        { secrets: { KEY: 's3cret-value' }, spec: { outputs: { k: '${{ steps.o.outputs.k }}' } } },
      ),
    );
    expect(reporter.masks).toEqual(['s3cret-value', 'later']);
    expect(JSON.stringify(reporter.events)).not.toContain('s3cret-value');
    expect(reporter.events).toContainEqual({
      type: 'annotation',
      data: { path: 'a.js', line: 3, column: 2, level: 'failure', message: 'got ***' },
    });
    expect(outputs).toEqual({});
    expect(verdict.reason).toBe('step `***` exited with code 1');
  });

  test('masks thousands of values', async () => {
    const script = 'seq 1 5000 | while read i; do echo "::add-mask::value-$i-"; echo "got value-$i-"; done';
    const { verdict, reporter } = await run(jobOf([{ run: script }, { name: 'value-4711-', run: 'true' }]));
    expect(verdict.status).toBe('succeeded');
    expect(reporter.masks).toHaveLength(5000);
    expect(reporter.steps()[1]?.name).toBe('***');
  });

  test.each([
    ['values', 'seq 1 10001 | sed "s/.*/::add-mask::value-&-/"', /^`::add-mask::` in step 1 .* at most 10000 values/],
    [
      'characters',
      'v=$(head -c 20000 /dev/zero | tr "\\\\0" v); for i in $(seq 1 99); do echo "::add-mask::$i$v"; done',
      /at most 2097152 characters/,
    ],
    ['bytes of one command', 'echo "::add-mask::$(head -c 70000 /dev/zero | tr "\\\\0" v)"', /at most 64 KiB/],
  ])('fails when it masks too many %s, and shows nothing after that', async (_, script, reason) => {
    const summary = 'echo leaked-summary > $GITHUB_STEP_SUMMARY';
    const { verdict, reporter, outputs } = await run(
      jobOf(
        [
          { id: 'first', run: `${summary}; echo before; ${script}; echo leaked; sleep 30`, continue_on_error: 'true' },
          { run: 'echo leaked', if: 'always()' },
        ],
        { spec: { outputs: { first: '${{ steps.first.outcome }}' } }, secrets: { KEY: 'value-0-' } },
      ),
    );
    expect(verdict.status).toBe('failed');
    expect(verdict.reason).toMatch(reason);
    expect(new Set(reporter.masks).size).toBeLessThanOrEqual(10_000);
    expect(reporter.steps().map(({ status }) => status)).toEqual(['failed', 'skipped']);
    expect(reporter.text()).toContain('before');
    expect(reporter.text()).not.toMatch(/leaked|vvv|value-/);
    expect(outputs).toEqual({});
  });

  test('fails with the reason when the image has no shell or does not exist', async () => {
    await using empty = await emptyImage(harness);
    const noShell = await run(jobOf([{ run: 'true' }], { spec: { container: { image: empty.name, env: {} } } }));
    expect(noShell.verdict.status).toBe('failed');
    expect(noShell.verdict.reason).toMatch(/cannot run steps: it has no `sh` or no `sleep`/);
    const missing = await run(
      jobOf([{ run: 'true' }], { spec: { container: { image: 'nowhere.invalid/x:1', env: {} } } }),
    );
    expect(missing.verdict.reason).toContain('nowhere.invalid/x:1');
    const unmapped = await run(jobOf([{ run: 'true' }], { spec: { runs_on: ['windows-latest'] } }));
    expect(unmapped.verdict.reason).toMatch(/no image is mapped to runs-on `windows-latest`/);
  });

  test('reports a step that was killed for exceeding its memory limit', async () => {
    const { verdict } = await run(
      jobOf([{ name: 'hog', run: 'head -c 200m /dev/zero | tail' }], { limits: { cpus: null, memory_mb: 32 } }),
    );
    expect(verdict).toMatchObject({ status: 'failed', exit_code: 137 });
    expect(verdict.reason).toBe('step `hog` was killed: it needed more memory than its limit of 32 MiB');
  });
});
