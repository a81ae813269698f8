import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { AppConfig } from '../../../src/jobs/deploy/app-config.ts';
import { Phase } from '../../../src/jobs/deploy/deployment.ts';
import { Effect } from '../../../src/jobs/protocol/effect.ts';
import { Outputs } from '../../../src/jobs/protocol/event.ts';
import { StopRequest } from '../../../src/jobs/protocol/message.ts';
import { Report } from '../../../src/jobs/report.ts';
import { Annotation } from '../../../src/jobs/run/annotation.ts';
import { Plan, PlannedJob } from '../../../src/jobs/run/plan.ts';
import { Step } from '../../../src/jobs/run/step.ts';
import { Trigger } from '../../../src/jobs/run/trigger.ts';

// What version 0.1.0 stored. Never change these: add what later versions store below them.

const plannedJob = {
  key: 'test (20)',
  base: 'test',
  name: 'test (20)',
  kind: 'test',
  needs: ['lint'],
  if: '!cancelled()',
  matrix: { node: 20 },
  strategy: { fail_fast: false, job_index: 1, job_total: 2, max_parallel: 1 },
  continue_on_error: 'true',
  timeout_minutes: 5,
  runs_on: ['ubuntu-latest'],
  container: { image: 'node:20', env: { A: 'b' } },
  env: [{ CI: 'true' }, {}],
  outputs: { sum: '${{ steps.sum.outputs.sum }}' },
  steps: [
    {
      id: 'sum',
      name: 'Run make',
      if: 'always()',
      run: 'make',
      uses: null,
      with: {},
      env: { B: 'c' },
      shell: 'sh',
      working_directory: 'lib',
      continue_on_error: 'false',
      timeout_minutes: '1.5',
      line: 7,
      column: 9,
    },
  ],
  environments: ['production'],
  line: 3,
  column: 3,
};

const appConfig = {
  app: 'shop',
  environment: 'production',
  env: { LOG_LEVEL: 'info' },
  secrets: ['DATABASE_URL'],
  processes: {
    web: {
      command: ['node', 'server.js'],
      port: 3000,
      hosts: ['shop.example.com'],
      health: { path: '/health', interval: 500, timeout: 10_000 },
      stop_grace: 5000,
      cpus: 0.5,
      memory: 268435456,
    },
  },
};

const annotation = { path: 'ci.yml', line: 7, column: 9, level: 'warning', message: 'This is old' };

const plan = {
  sha: 'c'.repeat(40),
  message: 'Fix it',
  runs: [
    {
      workflow: 'CI',
      path: '.github/workflows/ci.yml',
      failure: null,
      app: 'shop',
      annotations: [annotation],
      jobs: [plannedJob],
    },
  ],
  ignored: [{ path: 'nightly.yml', reason: 'it does not start on push' }],
  reason: null,
};

const STORED: [name: string, schema: z.ZodType, value: object][] = [
  ['a planned job', PlannedJob, plannedJob],
  ['a plan', Plan, plan],
  ["an app's configuration", AppConfig, appConfig],
  ['an annotation', Annotation, annotation],
  [
    'a step',
    Step,
    {
      number: 1,
      id: 'sum',
      name: 'Run make',
      status: 'failed',
      reason: 'exit code 2',
      exit_code: 2,
      started_at: 1,
      finished_at: 2,
    },
  ],
  [
    'a trigger',
    Trigger,
    {
      kind: 'pull_request',
      event: 'pull_request',
      action: 'opened',
      ref: 'refs/pull/7/head',
      sha: 'c'.repeat(40),
      before: 'b'.repeat(40),
      forced: true,
      base_ref: 'main',
      head_ref: 'fix',
      actor: 'ada',
      payload: { number: 7 },
    },
  ],
  [
    'the report of a status',
    Report,
    {
      kind: 'status',
      sha: 'c'.repeat(40),
      context: 'CI / test',
      state: 'success',
      description: 'succeeded in 5 s',
      target_url: 'https://ci.example.com/runs/run_1',
    },
  ],
  [
    'the report of a deployment',
    Report,
    {
      kind: 'deployment',
      ref: 'c'.repeat(40),
      environment: 'production',
      description: 'production: live',
      state: 'success',
      log_url: 'https://ci.example.com/runs/run_1',
      environment_url: 'https://shop.example.com',
    },
  ],
  ['a phase', Phase, { name: 'gate', started_at: 1, finished_at: 2 }],
  ['outputs', z.object({ outputs: Outputs }), { outputs: { image: 'shop:1' } }],
  ['a stop request', StopRequest, { kind: 'cancel', reason: 'cancelled by ada' }],
  ['the effect offer', Effect, { do: 'offer' }],
  ['the effect withdraw', Effect, { do: 'withdraw', lane: 'test', attempt: 'att_1' }],
  ['the effect wake', Effect, { do: 'wake', channel: 'run:run_1', text: '3' }],
  ['the effect send', Effect, { do: 'send', worker: 'wrk_1', message: { kind: 'superseded', attempt: 'att_1' } }],
  ['the effect environment', Effect, { do: 'environment', app: 'shop', environment: 'production' }],
  ['the effect answer', Effect, { do: 'answer', attempt: 'att_1', seq: 3 }],
];

describe('What version 0.1.0 stored is read unchanged', () => {
  it.each(STORED)('%s', (_, schema, value) => {
    expect(schema.parse(value)).toEqual(value);
  });
});

describe('Properties that only a later version knows are ignored', () => {
  it.each(STORED)('in %s', (_, schema, value) => {
    expect(schema.parse({ ...value, later: 1 })).toEqual(value);
  });

  it('at every level', () => {
    const [step] = plannedJob.steps;
    const job = {
      ...plannedJob,
      strategy: { ...plannedJob.strategy, later: 1 },
      container: { ...plannedJob.container, later: 1 },
      steps: [{ ...step, later: 1 }],
    };
    expect(PlannedJob.parse(job)).toEqual(plannedJob);
    const { web } = appConfig.processes;
    const processes = { web: { ...web, health: { ...web.health, later: 1 }, later: 1 }, later: {} };
    expect(AppConfig.parse({ ...appConfig, processes })).toEqual(appConfig);
  });
});

describe('Absent properties have defaults', () => {
  it('in a planned job', () => {
    expect(PlannedJob.parse({ key: 'a', base: 'a', name: 'A', kind: 'test', steps: [{ name: 'Run' }] })).toEqual({
      key: 'a',
      base: 'a',
      name: 'A',
      kind: 'test',
      needs: [],
      if: 'success()',
      matrix: null,
      strategy: { fail_fast: true, job_index: 0, job_total: 1, max_parallel: null },
      continue_on_error: 'false',
      timeout_minutes: 360,
      runs_on: [],
      container: { image: null, env: {} },
      env: [],
      outputs: {},
      steps: [
        {
          id: null,
          name: 'Run',
          if: 'success()',
          run: null,
          uses: null,
          with: {},
          env: {},
          shell: null,
          working_directory: null,
          continue_on_error: 'false',
          timeout_minutes: null,
          line: 1,
          column: 1,
        },
      ],
      environments: [],
      line: 1,
      column: 1,
    });
  });

  it("in an app's configuration", () => {
    expect(AppConfig.parse({ app: 'shop', environment: 'production', processes: { web: { port: 80 } } })).toEqual({
      app: 'shop',
      environment: 'production',
      env: {},
      secrets: [],
      processes: {
        web: {
          command: null,
          port: 80,
          hosts: [],
          health: { path: '/up', interval: 1000, timeout: 30_000 },
          stop_grace: 10_000,
          cpus: null,
          memory: null,
        },
      },
    });
  });

  it('in a plan and a trigger', () => {
    expect(Plan.parse({})).toEqual({ sha: null, message: null, runs: [], ignored: [], reason: null });
    expect(Trigger.parse({ kind: 'api', event: 'push', ref: 'refs/heads/main' })).toMatchObject({
      sha: null,
      forced: false,
      payload: {},
    });
  });
});
