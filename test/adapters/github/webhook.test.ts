import { describe, expect, it } from 'vitest';
import { readTrigger } from '../../../src/adapters/github/webhook.ts';
import { Trigger } from '../../../src/jobs/run/trigger.ts';
import { makeRepository } from '../../github/repository.ts';
import { examplePayload, pingPayload, pullRequestPayload, pushPayload } from '../../github/webhook.ts';

const repository = makeRepository({ id: 7, full_name: 'acme/shop', clone_url: 'https://github.com/acme/shop.git' });
const SHA = 'a'.repeat(40);
const BEFORE = 'b'.repeat(40);
const head = { ref: 'fix', sha: SHA };
const base = { ref: 'main', sha: BEFORE };

describe('A push', () => {
  it('to a branch runs at its newest commit', () => {
    const payload = pushPayload({ repository, sha: SHA, before: BEFORE, forced: true, sender: 'mona' });
    const reading = readTrigger('push', payload);
    expect(reading).toEqual({
      trigger: {
        kind: 'push',
        event: 'push',
        action: null,
        ref: 'refs/heads/main',
        sha: SHA,
        before: BEFORE,
        forced: true,
        base_ref: null,
        head_ref: null,
        actor: 'mona',
        payload,
      },
      reason: null,
      repository: {
        id: 7,
        full_name: 'acme/shop',
        clone_url: 'https://github.com/acme/shop.git',
        owner: 'acme',
        default_branch: 'main',
      },
    });
    expect(Trigger.parse(reading.trigger)).toEqual(reading.trigger);
  });

  it('that creates a branch has no previous commit', () => {
    expect(readTrigger('push', pushPayload({ repository, sha: SHA })).trigger?.before).toBe(null);
  });

  it('of a tag is the event push of kind tag', () => {
    const payload = pushPayload({ repository, ref: 'refs/tags/v1.0', sha: SHA });
    expect(readTrigger('push', payload).trigger).toMatchObject({ kind: 'tag', event: 'push', ref: 'refs/tags/v1.0' });
  });

  it('of an annotated tag runs at its commit', () => {
    const payload = { ...pushPayload({ repository, ref: 'refs/tags/v1.0', sha: SHA }), after: 'c'.repeat(40) };
    expect(readTrigger('push', payload).trigger?.sha).toBe(SHA);
  });

  it.each(['refs/heads/old', 'refs/tags/old'])('that deletes %s starts no run', (ref) => {
    const reading = readTrigger('push', pushPayload({ repository, ref, sha: null, before: BEFORE }));
    expect(reading).toMatchObject({ trigger: null, reason: `${ref} was deleted`, repository: { id: 7 } });
  });

  it('to a ref that is neither branch nor tag starts no run', () => {
    const reading = readTrigger('push', pushPayload({ repository, ref: 'refs/notes/commits', sha: SHA }));
    expect(reading).toMatchObject({ trigger: null, reason: 'refs/notes/commits is neither a branch nor a tag' });
  });

  it.each(['[skip ci]', '[ci skip]', '[no ci]', '[skip actions]', '[actions skip]'])(
    'starts no run when the commit message contains %s',
    (mark) => {
      const message = `Fix a typo\n\n${mark.toUpperCase()} only the documentation changed`;
      const reading = readTrigger('push', pushPayload({ repository, sha: SHA, message }));
      expect(reading).toMatchObject({ trigger: null, reason: `the commit message contains ${mark}` });
    },
  );
});

describe('A pull request', () => {
  it.each(['opened', 'synchronize', 'reopened'])('that is %s runs at its head', (action) => {
    const payload = pullRequestPayload({ repository, number: 12, action, head, base, sender: 'mona' });
    expect(readTrigger('pull_request', payload).trigger).toEqual({
      kind: 'pull_request',
      event: 'pull_request',
      action,
      ref: 'refs/pull/12/head',
      sha: SHA,
      before: BEFORE,
      forced: false,
      base_ref: 'main',
      head_ref: 'fix',
      actor: 'mona',
      payload,
    });
  });

  it('that is closed starts no run', () => {
    const reading = readTrigger('pull_request', pullRequestPayload({ repository, action: 'closed', head, base }));
    expect(reading).toMatchObject({ trigger: null, reason: 'the pull_request action closed starts no runs' });
  });

  it.each([
    ['a fork', makeRepository({ id: 8, full_name: 'mallory/shop' })],
    ['a deleted fork', null],
  ])('from %s starts no run', (_, head_repository) => {
    const payload = pullRequestPayload({ repository, head, base, head_repository });
    expect(readTrigger('pull_request', payload)).toMatchObject({
      trigger: null,
      reason: 'a pull request from a fork starts no runs, because it needs approval',
      repository: { id: 7 },
    });
  });
});

describe('Any other event', () => {
  it('ping starts no run', () => {
    expect(readTrigger('ping', pingPayload({ repository }))).toMatchObject({
      trigger: null,
      reason: 'ping',
      repository: { id: 7 },
    });
    expect(readTrigger('ping', { zen: 'Design for failure.' })).toEqual({
      trigger: null,
      reason: 'ping',
      repository: null,
    });
  });

  it.each(['issues', 'star', 'workflow_job'])('%s starts no run, and its repository is known', (event) => {
    const reading = readTrigger(event, examplePayload(event, repository));
    expect(reading).toMatchObject({
      trigger: null,
      reason: `the event ${event} starts no runs`,
      repository: { id: 7 },
    });
  });

  it.each([null, 'text', 7, [], true])('with the payload %j is refused with a reason', (payload) => {
    expect(readTrigger('push', payload)).toEqual({
      trigger: null,
      reason: 'the payload of the event push is not a JSON object',
      repository: null,
    });
  });

  it('is refused with the missing or invalid fields', () => {
    const payload = { ...pushPayload({ repository, sha: SHA }), after: undefined, forced: 'no' };
    const { trigger, reason } = readTrigger('push', payload);
    expect(trigger).toBe(null);
    expect(reason).toMatch(/^invalid payload of the event push: .*after: .*; forced: /);
  });

  it('is refused when it has no repository', () => {
    expect(readTrigger('push', { ref: 'refs/heads/main' }).reason).toMatch(
      /invalid payload of the event push: repository: /,
    );
    expect(readTrigger('pull_request', { repository: { id: 7 } }).reason).toContain('repository.full_name: ');
  });

  it('never throws, whichever field is invalid', () => {
    const payload = pullRequestPayload({ repository, head, base });
    for (const key of Object.keys(payload)) {
      for (const broken of [null, 7, 'x', [], {}, undefined]) {
        const reading = readTrigger('pull_request', { ...payload, [key]: broken });
        expect(reading.trigger === null).toBe(reading.reason !== null);
      }
    }
  });
});
