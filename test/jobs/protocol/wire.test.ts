import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { DeployAnswer, DeployRequest, SwitchAnswer } from '../../../src/jobs/deploy/deployment.ts';
import { Effect } from '../../../src/jobs/protocol/effect.ts';
import { Event, EventData, Finished } from '../../../src/jobs/protocol/event.ts';
import { Grant } from '../../../src/jobs/protocol/grant.ts';
import { Heartbeat, PipeMessage, StopRequest, WorkerMessage } from '../../../src/jobs/protocol/message.ts';
import { job, newRelease, order, step, trigger } from './wire.ts';

const verdict = { status: 'succeeded', reason: null, exit_code: 0 };
const event = { attempt: 'att_1', worker: 'wrk_1', seq: 1, at: 5, type: 'step', data: step, blob: null };

/** Serialises a value and reads it again. */
function sent(schema: z.ZodType, value: unknown): unknown {
  return schema.parse(JSON.parse(JSON.stringify(schema.parse(value))));
}

describe('Messages between control and workers keep all their data', () => {
  it.each<[string, z.ZodType, unknown]>([
    ['a claim', PipeMessage, { kind: 'claim', claim: { attempt: 'att_1', worker: 'wrk_1', nonce: 'n' } }],
    ['an event', PipeMessage, { kind: 'event', event }],
    ['an event by blob', Event, { ...event, data: null, blob: 'b'.repeat(64) }],
    ['a repeated question', PipeMessage, { kind: 'ask', attempt: 'att_1', worker: 'wrk_1', seq: 3 }],
    [
      'a heartbeat',
      Heartbeat,
      {
        worker: 'wrk_1',
        host: 'h',
        pid: 1,
        free: { plan: 2, work: 1, deploy: 1, notify: 2 },
        held: ['att_1'],
        proxy: null,
        stopping: false,
      },
    ],
    ['granted', WorkerMessage, { kind: 'granted', attempt: 'att_1', sealed: 'v1.x' }],
    ['denied', WorkerMessage, { kind: 'denied', attempt: 'att_1', nonce: 'n' }],
    ['acknowledged', WorkerMessage, { kind: 'acknowledged', attempt: 'att_1', seq: 4 }],
    ['superseded', WorkerMessage, { kind: 'superseded', attempt: 'att_1' }],
    ['answered', WorkerMessage, { kind: 'answered', attempt: 'att_1', seq: 3, sealed: 'v1.x' }],
    ['a stop request', StopRequest, { kind: 'cancel', reason: 'cancelled by ada' }],
    ['start', DeployAnswer, { go: 'start', order }],
    ['already live', DeployAnswer, { go: 'live', deployment: 'dep_1', release: 'rel_1', url: null }],
    ['stop', DeployAnswer, { go: 'stop', status: 'cancelled', reason: 'a newer deployment took its place' }],
    ['switch', SwitchAnswer, { go: 'switch' }],
  ])('%s', (_, schema, value) => {
    expect(sent(schema, value)).toEqual(value);
  });

  it.each([
    { type: 'step', data: step },
    { type: 'annotation', data: { path: 'ci.yml', line: 1, column: 1, level: 'warning', message: 'old' } },
    { type: 'deploy', data: newRelease },
    { type: 'deploy', data: { step: 1, release: 'rel_1', environment: 'production' } },
    { type: 'ready', data: { deployment: 'dep_1', relation: 'newer' } },
    { type: 'phase', data: { deployment: 'dep_1', name: 'gate', started_at: 1, finished_at: null } },
    { type: 'settled', data: { deployment: 'dep_1', status: 'live', reason: null } },
    { type: 'finished', data: { verdict, outputs: { image: 'x' }, log_size: 12, live: null } },
  ])('the event $type', (value) => {
    expect(sent(EventData, value)).toEqual(value);
  });

  it.each([
    job,
    {
      subject: 'delivery',
      delivery: 'dlv_1',
      source: job.source,
      trigger,
      payload_blob: 'b'.repeat(64),
      workflow: null,
    },
    {
      subject: 'report',
      repo: 'acme/shop',
      token: 't',
      report: { kind: 'status', sha: 'c', context: 'CI / test', state: 'pending', description: '', target_url: null },
      sent: { id: 7 },
    },
    {
      subject: 'environment',
      reconciliation: {
        app: 'shop',
        environment: 'production',
        live: order,
        unresolved: [order],
        keep: [{ release: 'rel_1', image_id: 'sha256:1' }],
      },
    },
  ])('the grant of a $subject', (grant) => {
    expect(sent(Grant, grant)).toEqual(grant);
  });

  it.each([
    { do: 'offer' },
    { do: 'withdraw', lane: 'test', attempt: 'att_1' },
    { do: 'wake', channel: 'run:run_1', text: '3' },
    { do: 'send', worker: 'wrk_1', message: { kind: 'superseded', attempt: 'att_1' } },
    { do: 'environment', app: 'shop', environment: 'production' },
    { do: 'answer', attempt: 'att_1', seq: 3 },
  ])('the effect $do', (effect) => {
    expect(sent(Effect, effect)).toEqual(effect);
  });
});

describe('A deploy request', () => {
  it('has the configuration and image of a new release, or the id of a kept release', () => {
    expect(DeployRequest.parse(newRelease)).toEqual(newRelease);
    expect(DeployRequest.safeParse({ step: 1, environment: 'production' }).success).toBe(false);
  });
});

describe('The event finished', () => {
  it('requires only a verdict', () => {
    expect(Finished.parse({ verdict })).toEqual({ verdict, outputs: {}, log_size: 0 });
  });
});

describe('Invalid messages are rejected', () => {
  it.each<[string, z.ZodType, unknown]>([
    ['a message of an unknown kind', PipeMessage, { kind: 'hello' }],
    ['a message without a kind', PipeMessage, {}],
    ['an event of an unknown type', EventData, { type: 'exploded', data: {} }],
    ['an event whose data is another type’s', EventData, { type: 'ready', data: step }],
    ['an event with the number 0', Event, { ...event, seq: 0 }],
    ['an event with a fractional number', Event, { ...event, seq: 1.5 }],
    ['a verdict with a status that is not an end', Finished, { verdict: { ...verdict, status: 'running' } }],
    [
      'a settled deployment that is still switching',
      EventData,
      {
        type: 'settled',
        data: { deployment: 'dep_1', status: 'switching', reason: null },
      },
    ],
    ['a grant of an unknown subject', Grant, { ...job, subject: 'secret' }],
    ['a stop request of an unknown kind', StopRequest, { kind: 'pause', reason: '' }],
    ['an answer without a go', DeployAnswer, { order }],
    ['an unknown lane', Effect, { do: 'withdraw', lane: 'express', attempt: 'att_1' }],
  ])('%s', (_, schema, value) => {
    expect(schema.safeParse(value).success).toBe(false);
  });
});
