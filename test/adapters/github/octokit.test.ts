import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { GitHubError } from '../../../src/adapters/github/github.ts';
import { openGitHub } from '../../../src/adapters/github/octokit.ts';
import { type FakeGitHub, startGitHub } from '../../github/github.ts';

const TOKEN = 'ghp_aTokenThatIsInNoError';
const SHA = 'a'.repeat(40);
const STATUS = { sha: SHA, context: 'CI / test', state: 'pending', description: 'Queued', target_url: null } as const;
const DEPLOYMENT = { ref: SHA, environment: 'production', description: 'shop' };

let github: FakeGitHub;

beforeEach(async () => {
  github = await startGitHub({
    repositories: [{ id: 7, full_name: 'acme/shop', clone_url: 'https://github.com/acme/shop.git' }],
    tokens: [TOKEN],
  });
});
afterEach(async () => {
  await github.close();
});

describe('A request to GitHub', () => {
  it('gets a repository with the four fields that Gantry uses', async () => {
    expect(await open().repository('acme/shop')).toEqual({
      id: 7,
      clone_url: 'https://github.com/acme/shop.git',
      default_branch: 'main',
      private: true,
    });
    expect(github.violations).toEqual([]);
  });

  it('has the name and version of Gantry as its user agent', async () => {
    await open().repository('acme/shop');
    expect(github.requests[0]?.user_agent).toMatch(/^gantry\/\d+\.\d+\.\d+ /);
  });

  it('creates commit statuses in order', async () => {
    await open().createStatus('acme/shop', STATUS);
    const end = {
      ...STATUS,
      state: 'success',
      description: 'Took 3 s',
      target_url: 'http://127.0.0.1/runs/1',
    } as const;
    await open().createStatus('acme/shop', end);
    expect(github.repository('acme/shop').statuses).toMatchObject([STATUS, end]);
    expect(github.violations).toEqual([]);
  });

  it('creates a deployment that merges nothing and requires no checks', async () => {
    await open().createStatus('acme/shop', STATUS);
    const { id } = await open().createDeployment('acme/shop', DEPLOYMENT);
    expect(github.repository('acme/shop').deployments).toMatchObject([
      { ...DEPLOYMENT, id, auto_merge: false, required_contexts: [] },
    ]);
    expect(github.violations).toEqual([]);
  });

  it('creates deployment statuses', async () => {
    const { id } = await open().createDeployment('acme/shop', DEPLOYMENT);
    const start = { state: 'in_progress', description: 'Starting', log_url: null, environment_url: null } as const;
    const links = { log_url: 'http://127.0.0.1/runs/1', environment_url: 'https://shop.example.com' };
    await open().createDeploymentStatus('acme/shop', id, start);
    await open().createDeploymentStatus('acme/shop', id, { state: 'success', description: 'Live', ...links });
    expect(github.repository('acme/shop').deployments[0]?.statuses).toMatchObject([
      { state: 'in_progress', log_url: '', environment_url: '' },
      { state: 'success', ...links },
    ]);
    expect(github.violations).toEqual([]);
  });
});

describe('A refusal by GitHub', () => {
  it('is denied for an unknown token', async () => {
    const error = await failure(open('ghp_unknown').repository('acme/shop'));
    expect(error).toMatchObject({ code: 'denied', retry_at: null });
    expect(error.message).toContain('Bad credentials');
  });

  it('is denied for a write with a read-only token', async () => {
    github.addToken('ghp_reader', { read_only: true });
    const error = await failure(open('ghp_reader').createStatus('acme/shop', STATUS));
    expect(error).toMatchObject({ code: 'denied', retry_at: null });
  });

  it.each(['', 'two words', 'line\nbreak', 'ключ'])('is denied without a request for the invalid token %j', (token) => {
    expect(() => open(token)).toThrow(expect.objectContaining({ code: 'denied' }));
    expect(github.requests).toEqual([]);
  });

  it('is not_found for a repository that does not exist or that the token has no access to', async () => {
    github.addRepository({ full_name: 'other/secret' });
    github.addToken('ghp_narrow', { repositories: ['acme/shop'] });
    expect(await failure(open().repository('acme/missing'))).toMatchObject({ code: 'not_found' });
    expect(await failure(open('ghp_narrow').repository('other/secret'))).toMatchObject({ code: 'not_found' });
  });

  it('is invalid with GitHub’s reason when a description is too long', async () => {
    const error = await failure(open().createStatus('acme/shop', { ...STATUS, description: 'x'.repeat(141) }));
    expect(error).toMatchObject({ code: 'invalid', retry_at: null });
    expect(error.message).toContain('maximum is 140 characters');
  });

  it.each(['shop', 'acme/shop/x', 'acme/', '../..', 'acme/sh op'])(
    'is invalid without a request for the name %j',
    async (name) => {
      expect(await failure(open().repository(name))).toMatchObject({ code: 'invalid' });
      expect(github.requests).toEqual([]);
    },
  );
});

describe('A rate limit', () => {
  it.each([403, 429])('uses the Retry-After header of a %i', async (status) => {
    github.limitNext({ status, headers: { 'retry-after': '7' } });
    await expectLimited(7_000);
  });

  it('accepts a date as Retry-After', async () => {
    const at = new Date(Date.now() + 90_000);
    github.limitNext({ status: 429, headers: { 'retry-after': at.toUTCString() } });
    const error = await failure(open().repository('acme/shop'));
    expect(error).toMatchObject({ code: 'limited', retry_at: Math.floor(at.getTime() / 1000) * 1000 });
  });

  it.each([403, 429])('uses the reset time of the rate limit after a %i', async (status) => {
    const reset = Math.ceil(Date.now() / 1000) + 120;
    github.limitNext({ status, headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(reset) } });
    const error = await failure(open().repository('acme/shop'));
    expect(error).toMatchObject({ code: 'limited', retry_at: reset * 1000 });
  });

  it.each([
    [403, 'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.'],
    [403, 'You have triggered an abuse detection mechanism.'],
    [429, 'Too many requests'],
  ])('is a minute after a %i with only the message "%s"', async (status, message) => {
    github.limitNext({ status, body: { message } });
    await expectLimited(60_000);
  });

  it('makes one request without retries', async () => {
    github.limitNext({ status: 429, times: 1 });
    await failure(open().repository('acme/shop'));
    expect(github.requests).toHaveLength(1);
    expect(await open().repository('acme/shop')).toMatchObject({ id: 7 });
  });
});

describe('When GitHub is unreachable', () => {
  it.each([500, 502, 503])('a %i is unreachable', async (status) => {
    github.limitNext({ status, body: '<html>Unicorn</html>', headers: { 'content-type': 'text/html' } });
    expect(await failure(open().repository('acme/shop'))).toMatchObject({ code: 'unreachable', retry_at: null });
  });

  it('a 503 keeps its retry time', async () => {
    github.limitNext({ status: 503, headers: { 'retry-after': '30' } });
    const error = await failure(open().repository('acme/shop'));
    expect(error.code).toBe('unreachable');
    expect(error.retry_at).toBeGreaterThan(Date.now() + 20_000);
  });

  it('a lost connection is unreachable', async () => {
    github.failNext();
    const error = await failure(open().repository('acme/shop'));
    expect(error).toMatchObject({ code: 'unreachable' });
    expect(error.message).toMatch(/is unreachable \(\w+\)/);
  });

  it('a refused connection is unreachable', async () => {
    const refused = openGitHub({ api_url: 'http://127.0.0.1:1' })(TOKEN);
    expect((await failure(refused.repository('acme/shop'))).code).toBe('unreachable');
  });

  it('a response that does not come from GitHub’s API is unreachable', async () => {
    github.limitNext({
      status: 200,
      body: '<html>Log in to the guest network</html>',
      headers: { 'content-type': 'text/html' },
    });
    const error = await failure(open().repository('acme/shop'));
    expect(error.code).toBe('unreachable');
    expect(error.message).toContain('Unexpected response from the GitHub API');
  });

  it('a missing response times out', async () => {
    github.delay = 5_000;
    const impatient = openGitHub({ api_url: github.url, timeout: 100 })(TOKEN);
    const error = await failure(impatient.repository('acme/shop'));
    expect(error).toMatchObject({ code: 'unreachable' });
    expect(error.message).toContain('did not answer in time');
  });
});

it.each(['denied', 'disconnected', 'limited'])(
  'The error of a call that was %s does not contain the token',
  async (how) => {
    if (how === 'denied') github.limitNext({ status: 401 });
    if (how === 'limited') github.limitNext({ status: 429 });
    if (how === 'disconnected') github.failNext();
    const error = await failure(open().createStatus('acme/shop', STATUS));
    expect(inspect(error, { depth: Number.POSITIVE_INFINITY, showHidden: true })).not.toContain(TOKEN);
  },
);

function open(token = TOKEN) {
  return openGitHub({ api_url: github.url })(token);
}

async function failure(call: Promise<unknown>): Promise<GitHubError> {
  return call.then(
    () => {
      throw new Error('The call succeeded.');
    },
    (error: unknown) => error as GitHubError,
  );
}

async function expectLimited(wait: number): Promise<void> {
  const before = Date.now();
  const error = await failure(open().repository('acme/shop'));
  expect(error.code).toBe('limited');
  expect(error.retry_at).toBeGreaterThanOrEqual(before + wait);
  expect(error.retry_at).toBeLessThanOrEqual(Date.now() + wait);
}
