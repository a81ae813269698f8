import { randomBytes } from 'node:crypto';
import { openControlBus } from '../../src/adapters/redis/bus/control-bus.ts';
import { openEnvelope } from '../../src/adapters/vault/open.ts';
import type { ControlBus, Envelope } from '../../src/deps.ts';
import type { Event } from '../../src/jobs/protocol/event.ts';
import type { Claim, Heartbeat, PipeMessage } from '../../src/jobs/protocol/message.ts';

/** Control as far as workers can tell: grants, acknowledges in order, answers. What it applied is all there is to look at. */
export interface Clerk {
  bus: ControlBus;
  envelope: Envelope;
  worker_key: Buffer;
  claims: Claim[];
  heartbeats: Heartbeat[];
  /** Applied, each once and in the order of its attempt. */
  applied: Event[];
  /** Everything that came, also twice. */
  received: Event[];
  /** What is granted to whoever claims the attempt first; others are denied. */
  grants: Map<string, unknown>;
  /** By `attempt:seq`; missing means that the question waits. */
  answers: Map<string, unknown>;
  /** Attempts of which control wants to hear nothing more. */
  superseded: Set<string>;
  /** Whether this message is answered at all; all are. */
  hears: (message: PipeMessage) => boolean;
  of(attempt: string): Event[];
  end(): Promise<void>;
}

export async function startClerk(redis_url: string): Promise<Clerk> {
  const worker_key = randomBytes(32);
  const bus = openControlBus(redis_url);
  const reading = new AbortController();
  const owners = new Map<string, string>();
  const clerk: Clerk = {
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
    hears: () => true,
    of: (attempt) => clerk.applied.filter((event) => event.attempt === attempt),
    end: async () => {
      reading.abort();
      await done;
      await bus.close();
    },
  };
  await bus.onHeartbeat((heartbeat) => clerk.heartbeats.push(heartbeat));
  const done = bus.readPipe(async (message) => {
    if (message.kind === 'unreadable') throw new Error(`unreadable: ${message.text}`);
    // Redis may go away in the middle, as it may for control.
    await handle(clerk, owners, message).catch(() => undefined);
  }, reading.signal);
  return clerk;
}

async function handle(clerk: Clerk, owners: Map<string, string>, message: PipeMessage): Promise<void> {
  if (message.kind === 'event') clerk.received.push(message.event);
  if (!clerk.hears(message)) return;
  if (message.kind === 'claim') await grant(clerk, owners, message.claim);
  else if (message.kind === 'event') await apply(clerk, message.event);
  else await answer(clerk, message.attempt, message.worker, message.seq);
}

async function grant(clerk: Clerk, owners: Map<string, string>, claim: Claim): Promise<void> {
  const { attempt, worker, nonce } = claim;
  clerk.claims.push(claim);
  const binding = `${attempt}:${worker}:${nonce}`;
  if (clerk.grants.has(attempt) && (owners.get(attempt) ?? binding) === binding) {
    owners.set(attempt, binding);
    const sealed = clerk.envelope.seal(binding, clerk.grants.get(attempt));
    await clerk.bus.send(worker, { kind: 'granted', attempt, sealed });
  } else await clerk.bus.send(worker, { kind: 'denied', attempt, nonce });
}

async function apply(clerk: Clerk, event: Event): Promise<void> {
  const { attempt, worker, reply_to = worker } = event;
  if (clerk.superseded.has(attempt)) return clerk.bus.send(reply_to, { kind: 'superseded', attempt });
  const have = clerk.of(attempt).length;
  if (event.seq === have + 1) clerk.applied.push(event);
  await clerk.bus.send(reply_to, { kind: 'acknowledged', attempt, seq: clerk.of(attempt).length });
  await answer(clerk, attempt, worker, event.seq);
}

async function answer(clerk: Clerk, attempt: string, worker: string, seq: number): Promise<void> {
  const said = clerk.answers.get(`${attempt}:${seq}`);
  if (said === undefined) return;
  const sealed = clerk.envelope.seal(`${attempt}:${worker}:${seq}`, said);
  await clerk.bus.send(worker, { kind: 'answered', attempt, seq, sealed });
}
