import { readdir } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runJob } from '../../../src/engine/job/run-job.ts';
import type { JobGrant } from '../../../src/jobs/protocol/grant.ts';
import { jobOf, newId, openCourier, openWorkbench, type Workbench } from '../harness.ts';

let bench: Workbench;

beforeAll(async () => {
  bench = await openWorkbench();
});

afterAll(async () => {
  const containers = await bench.docker.containers({});
  const folders = await readdir(`${bench.deps.config.work_dir}/jobs`);
  await bench[Symbol.asyncDispose]();
  expect({ containers, folders }, 'jobs leave nothing behind').toEqual({ containers: [], folders: [] });
});

const CANCEL = { kind: 'cancel', reason: 'cancelled by ann' };

/** Aborts when the job says `ready`; resolves with how long the end then took. */
async function runAndAbort(grant: JobGrant, reason: unknown, then?: (force: AbortController) => void) {
  const abort = new AbortController();
  const force = new AbortController();
  let aborted = 0;
  const reporter = openCourier(newId('att'), {}, (text) => {
    if (!text.includes('ready') || aborted > 0) return;
    aborted = Date.now();
    abort.abort(reason);
    then?.(force);
  });
  const finished = await runJob(bench.deps, grant, reporter, abort.signal, force.signal);
  return { ...finished, reporter, took: Date.now() - aborted };
}

describe('A job that is ended', () => {
  test('ends its step by SIGTERM, and gives the steps that ask for it their turn', async () => {
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

  test('ends at once when it is forced, also after it was cancelled', async () => {
    const { verdict, reporter, took } = await runAndAbort(
      jobOf([{ run: 'trap "" TERM; echo ready; while :; do sleep 1; done' }, { if: 'always()', run: 'echo never' }]),
      CANCEL,
      (force) => force.abort({ kind: 'force', reason: 'forced by ann' }),
    );
    expect(verdict.status).toBe('cancelled');
    expect(reporter.text()).not.toContain('never');
    expect(took).toBeLessThan(4_000);
  });

  test('times out when its deadline is over', async () => {
    const { verdict } = await runAndAbort(jobOf([{ run: 'echo ready; sleep 100' }]), {
      kind: 'time_out',
      reason: 'it ran longer than 10 min',
    });
    expect(verdict).toEqual({ status: 'timed_out', reason: 'it ran longer than 10 min', exit_code: null });
  });

  test('errs when its worker has to go', async () => {
    const { verdict } = await runAndAbort(
      jobOf([{ run: 'echo ready; sleep 100' }, { if: 'always()', run: 'echo never' }]),
      new Error('the worker stops'),
    );
    expect(verdict).toEqual({ status: 'errored', reason: 'the worker stops', exit_code: null });
  });

  test('stays ended though the step hides its process', async () => {
    const { verdict, took } = await runAndAbort(
      jobOf([{ run: 'trap "" TERM; echo 99999 > /github/runner/pid; echo ready; while :; do sleep 1; done' }]),
      CANCEL,
    );
    expect(verdict.status).toBe('cancelled');
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
  test('is the container’s own process, with its exit code as verdict', async () => {
    const reporter = openCourier(newId('att'));
    const { signal } = new AbortController();
    const good = await runJob(bench.deps, task(['sh', '-c', 'echo $KEY $GANTRY']), reporter, signal);
    expect(good.verdict.status).toBe('succeeded');
    expect(reporter.lines()).toEqual(['1 stdout hidden true']);
    expect(reporter.masks).toContain('hidden');
    const bad = await runJob(bench.deps, task(['sh', '-c', 'exit 4']), openCourier(newId('att')), signal);
    expect(bad.verdict).toEqual({ status: 'failed', reason: 'step `command` exited with code 4', exit_code: 4 });
    const none = await runJob(bench.deps, task(['/no/such']), openCourier(newId('att')), signal);
    expect(none.verdict.status).toBe('failed');
  });

  test('is stopped when it is cancelled', async () => {
    const { verdict, took } = await runAndAbort(task(['sh', '-c', 'echo ready; sleep 100']), CANCEL);
    expect(verdict).toMatchObject({ status: 'cancelled', reason: 'cancelled by ann' });
    expect(took).toBeLessThan(10_000);
  });
});

test('A later attempt first removes what earlier ones of its job left', async () => {
  const { docker, engine } = bench;
  const grant = { ...jobOf([{ run: 'echo hello' }]), number: 2 };
  const { id } = await engine.createContainer({
    Image: 'busybox:latest',
    Cmd: ['sleep', '100'],
    Labels: {
      'gantry.installation': bench.installation,
      'gantry.job': grant.job,
      'gantry.attempt': newId('att'),
      'gantry.attempt_number': '1',
    },
  });
  await docker.start(id);
  const { verdict } = await runJob(bench.deps, grant, openCourier(newId('att')), new AbortController().signal);
  expect(verdict.status).toBe('succeeded');
  expect(await docker.inspect(id)).toBeNull();
});
