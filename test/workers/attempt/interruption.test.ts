import { expect, test } from 'vitest';
import type { StopRequest } from '../../../src/jobs/protocol/message.ts';
import { openInterruption } from '../../../src/workers/attempt/interruption.ts';
import { Mailbox } from '../../../src/workers/attempt/mailbox.ts';

const cancel: StopRequest = { kind: 'cancel', reason: 'cancelled by Ada' };
const forced: StopRequest = { kind: 'force', reason: 'cancelled again' };

function open() {
  const mailbox = new Mailbox();
  const controller = new AbortController();
  const interruption = openInterruption(mailbox, 'att_1', controller.signal);
  const request = (request: StopRequest, attempt = 'att_1') => mailbox.deliver({ kind: 'stop', attempt, request });
  return { ...interruption, controller, request };
}

test('A stop request aborts with the request as the reason', () => {
  const { stop, force, request } = open();
  request(cancel);
  expect(stop.reason).toEqual(cancel);
  expect(force.aborted).toBe(false);
});

test('A forced stop may follow a cancellation, and the first reason of `stop` is kept', () => {
  const { stop, force, request } = open();
  request(cancel);
  request(forced);
  expect(force.reason).toEqual(forced);
  expect(stop.reason).toEqual(cancel);
});

test('A stop request that is sent again changes nothing', () => {
  const { stop, request } = open();
  request(cancel);
  request({ ...cancel, reason: 'again' });
  expect(stop.reason).toEqual(cancel);
});

test('A worker that shuts down aborts too, and the first reason is kept', () => {
  const { stop, force, controller, request } = open();
  controller.abort(new Error('the worker is shutting down'));
  request(cancel);
  expect(stop.reason).toEqual(new Error('the worker is shutting down'));
  expect(force.aborted).toBe(false);
});

test('Stop requests for other attempts, or after the end, are ignored', () => {
  const { stop, controller, request, close } = open();
  request(cancel, 'att_2');
  close();
  request(cancel);
  controller.abort();
  expect(stop.aborted).toBe(false);
});
