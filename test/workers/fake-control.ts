import { randomBytes } from 'node:crypto';
import { openControlBus } from '../../src/adapters/redis/bus/control-bus.ts';
import { openEnvelope } from '../../src/adapters/vault/open-vault.ts';
import type { ControlBus, Envelope } from '../../src/deps.ts';
import type { Event } from '../../src/jobs/protocol/event.ts';
import type { Claim, Heartbeat, PipeMessage } from '../../src/jobs/protocol/message.ts';

/** Control as workers see it: it grants claims, acknowledges events in order, answers questions, and records what it receives. */
export interface FakeControl {
  bus: ControlBus;
  envelope: Envelope;
  worker_key: Buffer;
  claims: Claim[];
  heartbeats: Heartbeat[];
  /** Each event once, in the order of its attempt. */
  applied: Event[];
  /** Every event as received, repeats included. */
  received: Event[];
  /** The grant of each attempt, for the first worker that claims it; every other claim is denied. */
  grants: Map<string, unknown>;
  /** By `attempt:seq`; a question without an answer waits. */
  answers: Map<string, unknown>;
  /** Attempts whose events are answered as superseded. */
  superseded: Set<string>;
  /** Whether to handle a message; by default every message is handled. */
  handles: (message: PipeMessage) => boolean;
  /** The applied events of one attempt. */
  of(attempt: string): Event[];
  end(): Promise<void>;
}

export async function startFakeControl(redis_url: string): Promise<FakeControl> {
  const worker_key = randomBytes(32);
  const bus = openControlBus(redis_url);
  const reading = new AbortController();
  const owners = new Map<string, string>();
  const control: FakeControl = {
    bus,
    envelope: openEnvelope(worker_key),
    worker_key,
    claims: [],
    heartbeats: [],
    applied: [],
    received: [],
    grants: new Map(),
    answers: new Map(),
    superseded: new Set(),
    handles: () => true,
    of: (attempt) => control.applied.filter((event) => event.attempt === attempt),
    end: async () => {
      reading.abort();
      await done;
      await bus.close();
    },
  };
  await bus.onHeartbeat((heartbeat) => control.heartbeats.push(heartbeat));
  const done = bus.readPipe(async (message) => {
    if (message.kind === 'unreadable') throw new Error(`unreadable: ${message.text}`);
    // Redis may be unreachable by now; the worker repeats the message.
    await handle(control, owners, message).catch(() => undefined);
  }, reading.signal);
  return control;
}

async function handle(control: FakeControl, owners: Map<string, string>, message: PipeMessage): Promise<void> {
  if (message.kind === 'event') control.received.push(message.event);
  if (!control.handles(message)) return;
  if (message.kind === 'claim') await grant(control, owners, message.claim);
  else if (message.kind === 'event') await apply(control, message.event);
  else await answer(control, message.attempt, message.worker, message.seq);
}

async function grant(control: FakeControl, owners: Map<string, string>, claim: Claim): Promise<void> {
  const { attempt, worker, nonce } = claim;
  control.claims.push(claim);
  const binding = `${attempt}:${worker}:${nonce}`;
  if (control.grants.has(attempt) && (owners.get(attempt) ?? binding) === binding) {
    owners.set(attempt, binding);
    const sealed = control.envelope.seal(binding, control.grants.get(attempt));
    await control.bus.send(worker, { kind: 'granted', attempt, sealed });
  } else await control.bus.send(worker, { kind: 'denied', attempt, nonce });
}

async function apply(control: FakeControl, event: Event): Promise<void> {
  const { attempt, worker, reply_to = worker } = event;
  if (control.superseded.has(attempt)) return control.bus.send(reply_to, { kind: 'superseded', attempt });
  const applied = control.of(attempt).length;
  if (event.seq === applied + 1) control.applied.push(event);
  await control.bus.send(reply_to, { kind: 'acknowledged', attempt, seq: control.of(attempt).length });
  await answer(control, attempt, worker, event.seq);
}

async function answer(control: FakeControl, attempt: string, worker: string, seq: number): Promise<void> {
  const value = control.answers.get(`${attempt}:${seq}`);
  if (value === undefined) return;
  const sealed = control.envelope.seal(`${attempt}:${worker}:${seq}`, value);
  await control.bus.send(worker, { kind: 'answered', attempt, seq, sealed });
}
