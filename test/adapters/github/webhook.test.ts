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

describe('a push', () => {
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

  it('that makes a branch has no commit before it', () => {
    expect(readTrigger('push', pushPayload({ repository, sha: SHA })).trigger?.before).toBe(null);
  });

  it('of a tag is the event push, of the kind tag', () => {
    const payload = pushPayload({ repository, ref: 'refs/tags/v1.0', sha: SHA });
    expect(readTrigger('push', payload).trigger).toMatchObject({ kind: 'tag', event: 'push', ref: 'refs/tags/v1.0' });
  });

  it('of an annotated tag runs at the commit, not at the tag', () => {
    const payload = { ...pushPayload({ repository, ref: 'refs/tags/v1.0', sha: SHA }), after: 'c'.repeat(40) };
    expect(readTrigger('push', payload).trigger?.sha).toBe(SHA);
  });

  it.each(['refs/heads/old', 'refs/tags/old'])('that deletes %s starts nothing', (ref) => {
    const reading = readTrigger('push', pushPayload({ repository, ref, sha: null, before: BEFORE }));
    expect(reading).toMatchObject({ trigger: null, reason: `${ref} was deleted`, repository: { id: 7 } });
  });

  it('to a ref that is neither branch nor tag starts nothing', () => {
    const reading = readTrigger('push', pushPayload({ repository, ref: 'refs/notes/commits', sha: SHA }));
    expect(reading).toMatchObject({ trigger: null, reason: 'refs/notes/commits is neither a branch nor a tag' });
  });

  it.each(['[skip ci]', '[ci skip]', '[no ci]', '[skip actions]', '[actions skip]'])(
    'starts nothing when its commit says %s',
    (mark) => {
      const message = `Mend a comma\n\n${mark.toUpperCase()} for this is prose`;
      const reading = readTrigger('push', pushPayload({ repository, sha: SHA, message }));
      expect(reading).toMatchObject({ trigger: null, reason: `the commit's message says ${mark}` });
    },
  );
});

describe('a pull request', () => {
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

  it('that is closed starts nothing', () => {
    const reading = readTrigger('pull_request', pullRequestPayload({ repository, action: 'closed', head, base }));
    expect(reading).toMatchObject({ trigger: null, reason: "no run starts on a pull request's closed" });
  });

  it.each([
    ['a fork', makeRepository({ id: 8, full_name: 'mallory/shop' })],
    ['a fork that is gone', null],
  ])('from %s is recorded and not run', (_, head_repository) => {
    const payload = pullRequestPayload({ repository, head, base, head_repository });
    expect(readTrigger('pull_request', payload)).toMatchObject({
      trigger: null,
      reason: 'a pull request from a fork waits for approval; it is recorded and not run',
      repository: { id: 7 },
    });
  });
});

describe('anything else', () => {
  it('that is a ping says so', () => {
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

  it.each(['issues', 'star', 'workflow_job'])('such as %s starts nothing, and its repository is known', (event) => {
    const reading = readTrigger(event, examplePayload(event, repository));
    expect(reading).toMatchObject({
      trigger: null,
      reason: `no run starts on the event ${event}`,
      repository: { id: 7 },
    });
  });

  it.each([null, 'text', 7, [], true])('that is %j instead of an object is refused with a reason', (payload) => {
    expect(readTrigger('push', payload)).toEqual({
      trigger: null,
      reason: 'the payload of push is not a JSON object',
      repository: null,
    });
  });

  it('is told which field is missing or of the wrong kind', () => {
    const payload = { ...pushPayload({ repository, sha: SHA }), after: undefined, forced: 'no' };
    const { trigger, reason } = readTrigger('push', payload);
    expect(trigger).toBe(null);
    expect(reason).toMatch(/^the payload of push does not hold: .*after: .*; forced: /);
  });

  it('is told when no repository is named', () => {
    expect(readTrigger('push', { ref: 'refs/heads/main' }).reason).toMatch(/does not hold: repository: /);
    expect(readTrigger('pull_request', { repository: { id: 7 } }).reason).toContain('repository.full_name: ');
  });

  it('never throws, whichever field of a real payload is broken', () => {
    const payload = pullRequestPayload({ repository, head, base });
    for (const key of Object.keys(payload)) {
      for (const broken of [null, 7, 'x', [], {}, undefined]) {
        const reading = readTrigger('pull_request', { ...payload, [key]: broken });
        expect(reading.trigger === null).toBe(reading.reason !== null);
      }
    }
  });
});
