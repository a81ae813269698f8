import { afterEach, beforeEach, expect, test } from 'vitest';
import { openGitHub } from '../../src/adapters/github/octokit.ts';
import type { Finished } from '../../src/jobs/protocol/event.ts';
import type { ReportGrant } from '../../src/jobs/protocol/grant.ts';
import { notify } from '../../src/workers/notify.ts';
import { type FakeGitHub, startGitHub } from '../github/github.ts';

let github: FakeGitHub;
/** Whether statuses of deployments are cut off. */
let broken: boolean;
beforeEach(async () => {
  broken = false;
  github = await startGitHub({
    repositories: [{ id: 7, full_name: 'acme/shop', clone_url: 'https://github.com/acme/shop.git' }],
    tokens: ['ghp_token'],
    intercept: (path, request) => {
      if (!broken || !/deployments\/\d+\/statuses$/.test(path)) return false;
      request.destroy();
      return true;
    },
  });
});
afterEach(async () => {
  expect(github.violations).toEqual([]);
  await github.close();
});

const status = {
  kind: 'status',
  sha: 'a'.repeat(40),
  context: 'CI / test',
  state: 'success',
  description: 'succeeded in 3 s',
  target_url: 'http://127.0.0.1/runs/1',
} as const;

const deployment = {
  kind: 'deployment',
  ref: 'a'.repeat(40),
  environment: 'production',
  description: 'production: live',
  state: 'success',
  log_url: 'http://127.0.0.1/runs/1',
  environment_url: 'http://shop.example.com',
} as const;

function tell(report: ReportGrant['report'], sent: ReportGrant['sent'] = null, token = 'ghp_token'): Promise<Finished> {
  const open = openGitHub({ api_url: github.url });
  return notify({ github: open }, { subject: 'report', repo: 'acme/shop', token, report, sent });
}

const shop = () => github.repository('acme/shop');

test('a status is set, and what was sent is what was wanted', async () => {
  const { verdict, report } = await tell(status);
  expect(verdict.status).toBe('succeeded');
  expect(shop().statuses).toHaveLength(1);
  const { kind: _, ...desired } = status;
  expect(report).toEqual({ sent: desired, retry_at: null });
});

test('what GitHub knows already is not said again', async () => {
  const { report } = await tell(status);
  await tell(status, report?.sent ?? null);
  expect(github.requests).toHaveLength(1);
});

test('a deployment is created once, and its statuses follow', async () => {
  const queued = await tell({ ...deployment, state: 'queued', environment_url: null });
  const live = await tell(deployment, queued.report?.sent ?? null);
  expect(shop().deployments).toHaveLength(1);
  expect(shop().deployments[0]?.statuses.map(({ state }) => state)).toEqual(['queued', 'success']);
  await tell(deployment, live.report?.sent ?? null);
  expect(shop().deployments[0]?.statuses).toHaveLength(2);
});

test('a deployment whose status did not get through is not created again', async () => {
  broken = true;
  const { report, verdict } = await tell(deployment);
  expect([verdict.status, report?.retry_at]).toEqual(['errored', null]);
  expect(report?.sent).toEqual({ id: shop().deployments[0]?.id });
  broken = false;
  expect((await tell(deployment, report?.sent ?? null)).verdict.status).toBe('succeeded');
  expect(shop().deployments).toHaveLength(1);
});

test('GitHub’s limits are kept: it says when to come back', async () => {
  github.limitNext({ status: 429, headers: { 'retry-after': '60' } });
  const { verdict, report } = await tell(status);
  expect([verdict.status, report?.sent]).toEqual(['errored', null]);
  expect(report?.retry_at).toBeGreaterThan(Date.now() + 50_000);
});

test('a GitHub that is away is an error without a time', async () => {
  github.failNext(5);
  expect(await tell(status)).toMatchObject({ verdict: { status: 'errored' }, report: { sent: null, retry_at: null } });
});

test('GitHub’s no is final', async () => {
  expect((await tell(status, null, 'ghp_wrong')).verdict).toMatchObject({
    status: 'failed',
    reason: expect.any(String),
  });
});
