import { hostname } from 'node:os';
import { onTestFinished } from 'vitest';
import { openWorkerBus } from '../../src/adapters/redis/bus/worker-bus.ts';
import { openTaker } from '../../src/adapters/redis/queue/taker.ts';
import type { DeployAnswer, SwitchAnswer } from '../../src/jobs/deploy/deployment.ts';
import type { EventData, Finished } from '../../src/jobs/protocol/event.ts';
import { Grant } from '../../src/jobs/protocol/grant.ts';
import type { WorkerMessage } from '../../src/jobs/protocol/message.ts';
import type { Lane } from '../../src/jobs/run/plan.ts';
import type { ControlHarness } from './harness.ts';

type Answer = DeployAnswer | SwitchAnswer;

/** What a script can do during its attempt. */
export interface HeldAttempt {
  send(event: Exclude<EventData, { type: 'finished' }>): Promise<number>;
  ask(event: Extract<EventData, { type: 'deploy' | 'ready' }>): Promise<Answer>;
  /** Resolves with the stop request (JSON). */
  stopRequested(): Promise<string>;
}

/** A minimal worker: takes offers, claims them, and sends the events of its script until they are acknowledged. */
export interface FakeWorker {
  id: string;
  granted: Grant[];
  denied: number;
  /** Like `kill -9`: the worker sends nothing afterwards. */
  kill(): void;
}

export type Script = (grant: Grant, held: HeldAttempt) => Promise<Finished>;

export async function openFakeWorker(harness: ControlHarness, script: Script): Promise<FakeWorker> {
  const id = harness.deps.newId('wrk');
  const bus = openWorkerBus(harness.redis.url);
  const taker = openTaker(harness.redis.url);
  const listeners = new Set<(message: WorkerMessage) => void>();
  const held = new Set<string>();
  const killed = new AbortController();
  const worker: FakeWorker = { id, granted: [], denied: 0, kill: () => killed.abort() };
  killed.signal.addEventListener('abort', () => void taker.close());
  bus.receive(id, (message) => {
    if (!killed.signal.aborted) for (const listener of listeners) listener(message);
  });
  for (const lane of ['plan', 'test', 'build', 'deploy', 'notify'] satisfies Lane[]) taker.take(lane, 4, take);
  const timer = setInterval(() => void heartbeat(), 200);
  await heartbeat();
  onTestFinished(async () => {
    killed.abort();
    clearInterval(timer);
    await taker.close();
    await bus.close();
  });
  return worker;

  async function heartbeat(): Promise<void> {
    if (killed.signal.aborted) return;
    const free = { plan: 4, work: 4, deploy: 4, notify: 4 };
    await bus
      .heartbeat({
        worker: id,
        host: hostname(),
        pid: process.pid,
        free,
        held: [...held],
        proxy: null,
        stopping: false,
      })
      .catch(() => undefined);
  }

  async function take(attempt: string): Promise<void> {
    const grant = await claim(attempt);
    if (grant === null) return;
    held.add(attempt);
    worker.granted.push(grant);
    let seq = 0;
    const finished = await Promise.race([script(grant, { send: sendEvent, ask, stopRequested }), untilKilled()]);
    if (finished !== null) await sendEvent({ type: 'finished', data: finished });
    held.delete(attempt);

    async function sendEvent(event: EventData): Promise<number> {
      const own_seq = ++seq;
      const sent = { attempt, worker: id, seq: own_seq, at: Date.now(), blob: null, ...event };
      await until(
        () => bus.send({ kind: 'event', event: sent }),
        (message) =>
          message.attempt === attempt &&
          (message.kind === 'superseded' || (message.kind === 'acknowledged' && message.seq >= own_seq)),
      );
      return own_seq;
    }
    async function ask(event: Extract<EventData, { type: 'deploy' | 'ready' }>): Promise<Answer> {
      const asked_seq = await sendEvent(event);
      const answer = await until(
        () => bus.send({ kind: 'ask', attempt, worker: id, seq: asked_seq }),
        (message) => message.kind === 'answered' && message.attempt === attempt && message.seq === asked_seq,
      );
      if (answer?.kind !== 'answered') return new Promise(() => undefined);
      return harness.deps.envelope.open(`${attempt}:${id}:${asked_seq}`, answer.sealed) as Answer;
    }
    async function stopRequested(): Promise<string> {
      const stop = await until(
        async () => undefined,
        (message) => message.kind === 'stop' && message.attempt === attempt,
      );
      return stop?.kind === 'stop' ? JSON.stringify(stop.request) : new Promise(() => undefined);
    }
  }

  async function claim(attempt: string): Promise<Grant | null> {
    const nonce = `${attempt}-${Math.random()}`;
    const answer = await until(
      () => bus.send({ kind: 'claim', claim: { attempt, worker: id, nonce } }),
      (message) => (message.kind === 'granted' || message.kind === 'denied') && message.attempt === attempt,
    );
    if (answer?.kind !== 'granted') {
      worker.denied++;
      return null;
    }
    return Grant.parse(harness.deps.envelope.open(`${attempt}:${id}:${nonce}`, answer.sealed));
  }

  /** Repeats `send` until a message matches. Returns null when the worker is killed. */
  async function until(
    send: () => Promise<unknown>,
    matches: (message: WorkerMessage) => boolean,
  ): Promise<WorkerMessage | null> {
    const { promise, resolve } = Promise.withResolvers<WorkerMessage | null>();
    const listener = (message: WorkerMessage) => matches(message) && resolve(message);
    if (killed.signal.aborted) return null;
    const timer = setInterval(() => void send().catch(() => undefined), 300);
    listeners.add(listener);
    killed.signal.addEventListener('abort', () => resolve(null));
    await send().catch(() => undefined);
    const answer = await promise;
    clearInterval(timer);
    listeners.delete(listener);
    return answer;
  }

  function untilKilled(): Promise<null> {
    return new Promise((resolve) => killed.signal.addEventListener('abort', () => resolve(null)));
  }
}
