import { expect, test } from 'vitest';
import type { StopRequest } from '../../../src/jobs/protocol/message.ts';
import { Mailbox } from '../../../src/workers/attempt/mailbox.ts';
import { watchStopRequests } from '../../../src/workers/attempt/stop-requests.ts';

const cancel: StopRequest = { kind: 'cancel', reason: 'cancelled by Ada' };
const force_now: StopRequest = { kind: 'force', reason: 'cancelled again' };

function watch() {
  const mailbox = new Mailbox();
  const [stop, force] = [new AbortController(), new AbortController()];
  const unwatch = watchStopRequests(mailbox, 'att_1', { stop, force });
  const request = (request: StopRequest, attempt = 'att_1') => mailbox.deliver({ kind: 'stop', attempt, request });
  return { stop: stop.signal, force: force.signal, request, unwatch };
}

test('a stop request aborts with the request as the reason', () => {
  const { stop, force, request } = watch();
  request(cancel);
  expect(stop.reason).toEqual(cancel);
  expect(force.aborted).toBe(false);
});

test('a forced stop may follow a cancellation, and the first reason stays', () => {
  const { stop, force, request } = watch();
  request(cancel);
  request(force_now);
  expect(force.reason).toEqual(force_now);
  expect(stop.reason).toEqual(cancel);
});

test('a stop request that is sent again changes nothing', () => {
  const { stop, request } = watch();
  request(cancel);
  request({ ...cancel, reason: 'again' });
  expect(stop.reason).toEqual(cancel);
});

test('stop requests for other attempts, or after the watch has ended, are ignored', () => {
  const { stop, request, unwatch } = watch();
  request(cancel, 'att_2');
  unwatch();
  request(cancel);
  expect(stop.aborted).toBe(false);
});
