import { describe, expect, it } from 'vitest';
import { brokenRunReport, deploymentReport, Report, statusReport } from '../../src/jobs/report.ts';
import type { DeploymentStatus, JobStatus } from '../../src/jobs/status.ts';

const run = { workflow: 'CI', sha: 'a'.repeat(40), url: 'http://127.0.0.1:8080/api/v1/runs/run_1' };
const times = { started_at: null, finished_at: null };

function reportOf(status: JobStatus, reason: string | null = null, took: number | null = null) {
  const spent = took === null ? times : { started_at: 5000, finished_at: 5000 + took };
  return Report.parse(statusReport(run, { name: 'test', status, reason, ...spent }));
}

describe('The report of a job', () => {
  it('is a commit status with workflow and job as context', () => {
    expect(reportOf('succeeded', null, 12_400)).toEqual({
      kind: 'status',
      sha: run.sha,
      context: 'CI / test',
      state: 'success',
      description: 'succeeded in 12 s',
      target_url: run.url,
    });
  });

  it.each<[JobStatus, string]>([
    ['waiting', 'pending'],
    ['queued', 'pending'],
    ['running', 'pending'],
    ['succeeded', 'success'],
    ['skipped', 'success'],
    ['failed', 'failure'],
    ['timed_out', 'failure'],
    ['errored', 'error'],
    ['cancelled', 'error'],
  ])('of a job that is %s has the state %s', (status, state) => {
    expect(reportOf(status)).toMatchObject({ state });
  });

  it.each<[JobStatus, string | null, number | null, string]>([
    ['queued', null, null, 'queued'],
    ['queued', 'retrying after: its worker was lost', null, 'queued: retrying after: its worker was lost'],
    ['succeeded', null, 59_400, 'succeeded in 59 s'],
    ['succeeded', null, 59_600, 'succeeded in 1 min 0 s'],
    ['failed', 'npm test: exit code 1', 83_000, 'failed in 1 min 23 s: npm test: exit code 1'],
    ['failed', null, 1000, 'failed in 1 s'],
    ['timed_out', 'it ran longer than 5 min', null, 'timed out: it ran longer than 5 min'],
    ['skipped', 'test failed', null, 'skipped: test failed'],
    ['errored', 'Docker is\nunreachable', 4000, 'errored: Docker is unreachable'],
  ])('of a job that is %s because of %j after %s ms: %s', (status, reason, took, description) => {
    expect(reportOf(status, reason, took)).toMatchObject({ description });
  });
});

describe('Text that GitHub would reject is shortened', () => {
  it('to 140 characters for a description', () => {
    const whole = 'x'.repeat(140 - 'skipped: '.length);
    expect(reportOf('skipped', whole).description).toBe(`skipped: ${whole}`);
    expect(reportOf('skipped', `${whole}y`).description).toBe(`skipped: ${whole.slice(1)}…`);
    expect(reportOf('skipped', `${whole}y`).description).toHaveLength(140);
  });

  it('but never within a surrogate pair', () => {
    const text = reportOf('skipped', `${'x'.repeat(129)}🚢${'x'.repeat(20)}`).description;
    expect(text).toBe(`skipped: ${'x'.repeat(129)}…`);
    expect(text.isWellFormed()).toBe(true);
  });

  it('to 255 characters for a context', () => {
    const report = statusReport(run, { name: 'n'.repeat(300), status: 'queued', reason: null, ...times });
    expect(report).toMatchObject({ context: `CI / ${'n'.repeat(250)}` });
  });
});

describe('The report of a run that failed before it had jobs', () => {
  it('has the workflow as context', () => {
    const reason = '.github/workflows/ci.yml:3:1: Unexpected value';
    expect(brokenRunReport({ ...run, workflow: '.github/workflows/ci.yml', status: 'failed', reason })).toEqual({
      kind: 'status',
      sha: run.sha,
      context: '.github/workflows/ci.yml',
      state: 'failure',
      description: reason,
      target_url: run.url,
    });
  });
});

describe('The report of a deployment', () => {
  const deployment = {
    ref: run.sha,
    environment: 'production',
    status: 'live' as DeploymentStatus,
    reason: null as string | null,
    url: 'http://shop.example.com',
    log_url: run.url,
  };

  it('has the URLs of the environment and of the log', () => {
    expect(Report.parse(deploymentReport(deployment))).toEqual({
      kind: 'deployment',
      ref: run.sha,
      environment: 'production',
      description: 'production: live',
      state: 'success',
      log_url: run.url,
      environment_url: 'http://shop.example.com',
    });
  });

  it.each<[DeploymentStatus, string]>([
    ['waiting', 'queued'],
    ['starting', 'in_progress'],
    ['switching', 'in_progress'],
    ['live', 'success'],
    ['retired', 'inactive'],
    ['failed', 'failure'],
    ['cancelled', 'inactive'],
    ['skipped', 'inactive'],
  ])('that is %s has the state %s', (status, state) => {
    expect(deploymentReport({ ...deployment, status })).toMatchObject({ state });
  });

  it('has the reason, in 140 characters', () => {
    const report = deploymentReport({ ...deployment, status: 'failed', reason: 'not healthy\n'.repeat(20) });
    expect(report.description).toHaveLength(140);
    expect(report.description).toMatch(/^not healthy not healthy .*…$/);
  });
});
