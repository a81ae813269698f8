import { readdir } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runJob } from '../../../src/engine/job/run-job.ts';
import { attemptNetwork } from '../../../src/engine/names.ts';
import type { JobGrant } from '../../../src/jobs/protocol/grant.ts';
import { type EngineHarness, jobOf, newId, openEngineHarness, openReporter } from '../harness.ts';

let harness: EngineHarness;

beforeAll(async () => {
  harness = await openEngineHarness();
});

afterAll(async () => {
  const containers = await harness.docker.containers({});
  const folders = await readdir(`${harness.deps.config.work_dir}/jobs`);
  await harness[Symbol.asyncDispose]();
  expect({ containers, folders }, 'jobs leave no container and no folder').toEqual({ containers: [], folders: [] });
});

const CANCEL = { kind: 'cancel', reason: 'cancelled by ann' };

/** Aborts when the job prints `ready`; `took` is the time from then to the end, in milliseconds. */
async function runAndAbort(grant: JobGrant, reason: unknown, then?: (force: AbortController) => void) {
  const abort = new AbortController();
  const force = new AbortController();
  let aborted = 0;
  const reporter = openReporter(newId('att'), {}, (text) => {
    if (!text.includes('ready') || aborted > 0) return;
    aborted = Date.now();
    abort.abort(reason);
    then?.(force);
  });
  const finished = await runJob(harness.deps, grant, reporter, abort.signal, force.signal);
  return { ...finished, reporter, took: Date.now() - aborted };
}

describe('A stopped job', () => {
  test('ends its step by SIGTERM, and still runs steps with always() or cancelled()', async () => {
    const { verdict, reporter, took } = await runAndAbort(
      jobOf([
        { run: 'trap "echo stopped; exit 9" TERM; echo ready; sleep 100 & wait' },
        { run: 'echo never' },
        { if: 'always()', run: 'echo cleaned ${{ job.status }}' },
        { if: 'cancelled()', run: 'echo cancelled' },
      ]),
      CANCEL,
    );
    expect(verdict).toEqual({ status: 'cancelled', reason: 'cancelled by ann', exit_code: null });
    expect(reporter.steps().map((step) => step.status)).toEqual(['cancelled', 'skipped', 'succeeded', 'succeeded']);
    expect(reporter.lines()).toEqual(expect.arrayContaining(['1 stdout stopped', '3 stdout cleaned cancelled']));
    expect(took).toBeLessThan(10_000);
  });

  test('kills a step that ignores SIGTERM', async () => {
    const { verdict, took } = await runAndAbort(
      jobOf([{ run: 'trap "" TERM; echo ready; while :; do sleep 1; done' }]),
      CANCEL,
    );
    expect(verdict.status).toBe('cancelled');
    expect(took).toBeLessThan(12_000);
  });

  test('ends at once when the stop is forced, also after a cancellation', async () => {
    const { verdict, reporter, took } = await runAndAbort(
      jobOf([{ run: 'trap "" TERM; echo ready; while :; do sleep 1; done' }, { if: 'always()', run: 'echo never' }]),
      CANCEL,
      (force) => force.abort({ kind: 'force', reason: 'forced by ann' }),
    );
    expect(verdict.status).toBe('cancelled');
    expect(reporter.text()).not.toContain('never');
    expect(took).toBeLessThan(4_000);
  });

  test('is timed out when its deadline passes', async () => {
    const { verdict } = await runAndAbort(jobOf([{ run: 'echo ready; sleep 100' }]), {
      kind: 'time_out',
      reason: 'it ran longer than 10 min',
    });
    expect(verdict).toEqual({ status: 'timed_out', reason: 'it ran longer than 10 min', exit_code: null });
  });

  test('is errored when its worker has to stop', async () => {
    const { verdict } = await runAndAbort(
      jobOf([{ run: 'echo ready; sleep 100' }, { if: 'always()', run: 'echo never' }]),
      new Error('the worker stops'),
    );
    expect(verdict).toEqual({ status: 'errored', reason: 'the worker stops', exit_code: null });
  });

  test('ends although a process left the step’s process group; removing the container ends that one too', async () => {
    const hidden = 'setsid sh -c \'trap "" TERM; while :; do sleep 1; done\' & echo ready; wait';
    const { verdict, reporter, took } = await runAndAbort(
      jobOf([{ run: `trap "" TERM; ${hidden}` }, { if: 'always()', run: 'echo cleaned' }]),
      CANCEL,
    );
    expect(verdict.status).toBe('cancelled');
    expect(reporter.text()).toContain('cleaned');
    expect(took).toBeLessThan(15_000);
  });
});

function task(command: string[]): JobGrant {
  return jobOf([], {
    command,
    spec: { kind: 'task', container: { image: 'busybox:latest', env: { KEY: '${{ secrets.KEY }}' } } },
    secrets: { KEY: 'hidden' },
  });
}

describe('A task with a command', () => {
  test('runs as the container’s own process, and its exit code decides the verdict', async () => {
    const reporter = openReporter(newId('att'));
    const { signal } = new AbortController();
    const good = await runJob(harness.deps, task(['sh', '-c', 'echo $KEY $GANTRY']), reporter, signal);
    expect(good.verdict.status).toBe('succeeded');
    expect(reporter.lines()).toEqual(['1 stdout hidden true']);
    expect(reporter.masks).toContain('hidden');
    const bad = await runJob(harness.deps, task(['sh', '-c', 'exit 4']), openReporter(newId('att')), signal);
    expect(bad.verdict).toEqual({ status: 'failed', reason: 'step `command` exited with code 4', exit_code: 4 });
    const missing = await runJob(harness.deps, task(['/no/such']), openReporter(newId('att')), signal);
    expect(missing.verdict.status).toBe('failed');
  });

  test('is stopped when it is cancelled', async () => {
    const { verdict, took } = await runAndAbort(task(['sh', '-c', 'echo ready; sleep 100']), CANCEL);
    expect(verdict).toMatchObject({ status: 'cancelled', reason: 'cancelled by ann' });
    expect(took).toBeLessThan(10_000);
  });
});

test('An attempt first removes containers and networks of earlier attempts at its job', async () => {
  const { docker, engine } = harness;
  const grant = { ...jobOf([{ run: 'echo hello' }]), number: 2 };
  const { id } = await engine.createContainer({
    Image: 'busybox:latest',
    Cmd: ['sleep', '100'],
    Labels: {
      'gantry.installation': harness.installation,
      'gantry.job': grant.job,
      'gantry.attempt': newId('att'),
      'gantry.attempt_number': '1',
    },
  });
  await docker.start(id);
  const labels = { 'gantry.job': grant.job, 'gantry.attempt': newId('att'), 'gantry.attempt_number': '1' };
  await docker.ensureNetwork({ name: attemptNetwork(labels['gantry.attempt']), open: true, labels });
  const { verdict } = await runJob(harness.deps, grant, openReporter(newId('att')), new AbortController().signal);
  expect(verdict.status).toBe('succeeded');
  expect(await docker.inspect(id)).toBeNull();
  expect(await docker.networks({ 'gantry.job': grant.job })).toEqual([]);
});
