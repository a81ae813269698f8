import { afterEach, beforeEach, expect, test } from 'vitest';
import { openGitHub } from '../../../src/adapters/github/octokit.ts';
import type { Finished } from '../../../src/jobs/protocol/event.ts';
import type { ReportGrant } from '../../../src/jobs/protocol/grant.ts';
import { sendReport } from '../../../src/workers/reports/send-report.ts';
import { type FakeGitHub, startGitHub } from '../../github/github.ts';

let github: FakeGitHub;
/** Whether requests for deployment statuses lose their connection. */
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

function send(report: ReportGrant['report'], sent: ReportGrant['sent'] = null, token = 'ghp_token'): Promise<Finished> {
  const open = openGitHub({ api_url: github.url });
  return sendReport({ github: open }, { subject: 'report', repo: 'acme/shop', token, report, sent });
}

const shop = () => github.repository('acme/shop');

test('A commit status is created, and the outcome contains what was sent', async () => {
  const { verdict, report } = await send(status);
  expect(verdict.status).toBe('succeeded');
  expect(shop().statuses).toHaveLength(1);
  const { kind: _, ...desired } = status;
  expect(report).toEqual({ sent: desired, retry_at: null });
});

test('A status that GitHub already has is not sent again', async () => {
  const { report } = await send(status);
  await send(status, report?.sent ?? null);
  expect(github.requests).toHaveLength(1);
});

test('A deployment is created once, with a status for each change', async () => {
  const queued = await send({ ...deployment, state: 'queued', environment_url: null });
  const live = await send(deployment, queued.report?.sent ?? null);
  expect(shop().deployments).toHaveLength(1);
  expect(shop().deployments[0]?.statuses.map(({ state }) => state)).toEqual(['queued', 'success']);
  await send(deployment, live.report?.sent ?? null);
  expect(shop().deployments[0]?.statuses).toHaveLength(2);
});

test('A deployment whose status failed to be sent is not created again', async () => {
  broken = true;
  const { report, verdict } = await send(deployment);
  expect([verdict.status, report?.retry_at]).toEqual(['errored', null]);
  expect(report?.sent).toEqual({ id: shop().deployments[0]?.id });
  broken = false;
  expect((await send(deployment, report?.sent ?? null)).verdict.status).toBe('succeeded');
  expect(shop().deployments).toHaveLength(1);
});

test('A rate limit sets the time of the next attempt', async () => {
  github.limitNext({ status: 429, headers: { 'retry-after': '60' } });
  const { verdict, report } = await send(status);
  expect([verdict.status, report?.sent]).toEqual(['errored', null]);
  expect(report?.retry_at).toBeGreaterThan(Date.now() + 50_000);
});

test('An unreachable GitHub is an error without a time for the next attempt', async () => {
  github.failNext(5);
  expect(await send(status)).toMatchObject({ verdict: { status: 'errored' }, report: { sent: null, retry_at: null } });
});

test('A refusal by GitHub is final', async () => {
  expect((await send(status, null, 'ghp_wrong')).verdict).toMatchObject({
    status: 'failed',
    reason: expect.any(String),
  });
});
