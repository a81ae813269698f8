import { describe, expect, it } from 'vitest';
import { githubContext, shortRef } from '../../../src/workflows/plan/github-context.ts';

const push = {
  trigger: {
    event: 'push',
    ref: 'refs/heads/main',
    base_ref: null,
    head_ref: null,
    actor: 'ada',
    payload: { ref: 'refs/heads/main' },
  },
  sha: 'c0ffee',
  repo: 'acme/shop',
  api_url: 'https://api.github.com',
  server_url: 'https://github.com',
  run: { id: 'run_1', number: 7, attempt: 2, workflow: 'CI', path: '.github/workflows/ci.yml', job: 'test' },
};

describe('The `github` context', () => {
  it('has text for everything but the event', () => {
    expect(githubContext(push)).toEqual({
      event_name: 'push',
      event: { ref: 'refs/heads/main' },
      ref: 'refs/heads/main',
      ref_name: 'main',
      ref_type: 'branch',
      sha: 'c0ffee',
      head_ref: '',
      base_ref: '',
      actor: 'ada',
      triggering_actor: 'ada',
      repository: 'acme/shop',
      repository_owner: 'acme',
      server_url: 'https://github.com',
      api_url: 'https://api.github.com',
      workspace: '/github/workspace',
      workflow: 'CI',
      workflow_ref: 'acme/shop/.github/workflows/ci.yml@refs/heads/main',
      run_id: 'run_1',
      run_number: '7',
      run_attempt: '2',
      job: 'test',
      token: '',
    });
  });

  it('includes the branches of a pull request', () => {
    const trigger = {
      ...push.trigger,
      event: 'pull_request',
      ref: 'refs/pull/7/head',
      base_ref: 'main',
      head_ref: 'fix',
    };
    expect(githubContext({ ...push, trigger })).toMatchObject({
      ref_name: '7/head',
      base_ref: 'main',
      head_ref: 'fix',
    });
  });

  it('recognises a tag', () => {
    const trigger = { ...push.trigger, ref: 'refs/tags/v1/final' };
    expect(githubContext({ ...push, trigger })).toMatchObject({ ref_type: 'tag', ref_name: 'v1/final' });
  });

  it('has empty text, never null, for what is unknown, such as the run while it is planned', () => {
    const context = githubContext({ ...push, trigger: { ...push.trigger, actor: null }, repo: '', run: null });
    expect(context).toMatchObject({ run_id: '', run_number: '', workflow_ref: '', repository_owner: '', actor: '' });
  });

  it('has no token', () => {
    expect(githubContext(push)).toMatchObject({ token: '' });
  });
});

describe('The short name of a ref', () => {
  it.each([
    ['refs/heads/main', 'main'],
    ['refs/heads/feature/refs/heads/x', 'feature/refs/heads/x'],
    ['refs/tags/v1', 'v1'],
    ['refs/pull/7/head', '7/head'],
    ['main', 'main'],
  ])('%s: %s', (ref, short) => {
    expect(shortRef(ref)).toBe(short);
  });
});
