import { hostname } from 'node:os';
import { onTestFinished } from 'vitest';
import { openWorkerBus } from '../../src/adapters/bus/worker-bus.ts';
import { openTaker } from '../../src/adapters/queue/taker.ts';
import type { DeployAnswer, SwitchAnswer } from '../../src/jobs/deploy/deployment.ts';
import type { EventData, Finished } from '../../src/jobs/protocol/event.ts';
import { Grant } from '../../src/jobs/protocol/grant.ts';
import type { WorkerMessage } from '../../src/jobs/protocol/message.ts';
import type { Lane } from '../../src/jobs/run/plan.ts';
import type { Office } from './harness.ts';

type Answer = DeployAnswer | SwitchAnswer;

/** What a script may do with the attempt that was granted to it. */
export interface Held {
  attempt: string;
  say(event: Exclude<EventData, { type: 'finished' }>): Promise<number>;
  ask(event: Extract<EventData, { type: 'deploy' | 'ready' }>): Promise<Answer>;
  /** Resolves when someone wants it to stop. */
  stopRequested(): Promise<string>;
}

/** The other end of the protocol, in its plainest form: takes offers, claims, says what its script says until that is acknowledged. */
export interface Hand {
  id: string;
  granted: Grant[];
  denied: number;
  /** As after `kill -9`: it says nothing more. */
  kill(): void;
}

export type Script = (grant: Grant, held: Held) => Promise<Finished>;

let count = 0;

export async function openHand(office: Office, script: Script): Promise<Hand> {
  const id = `wrk_${++count}`;
  const bus = openWorkerBus(office.redis.url);
  const taker = openTaker(office.redis.url);
  const listeners = new Set<(message: WorkerMessage) => void>();
  const held = new Set<string>();
  const killed = new AbortController();
  const hand: Hand = { id, granted: [], denied: 0, kill: () => killed.abort() };
  killed.signal.addEventListener('abort', () => void taker.close());
  await bus.listen(id, (message) => {
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
  return hand;

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
    hand.granted.push(grant);
    let seq = 0;
    const finished = await Promise.race([script(grant, { attempt, say, ask, stopRequested }), gone()]);
    if (finished !== null) await send({ type: 'finished', data: finished });
    held.delete(attempt);

    async function send(event: EventData): Promise<number> {
      const mine = ++seq;
      const message = { attempt, worker: id, seq: mine, at: Date.now(), blob: null, ...event };
      await until(
        () => bus.send({ kind: 'event', event: message }),
        (said) =>
          said.attempt === attempt &&
          (said.kind === 'superseded' || (said.kind === 'acknowledged' && said.seq >= mine)),
      );
      return mine;
    }
    function say(event: Exclude<EventData, { type: 'finished' }>): Promise<number> {
      return send(event);
    }
    async function ask(event: Extract<EventData, { type: 'deploy' | 'ready' }>): Promise<Answer> {
      const mine = await send(event);
      for (;;) {
        const sealed = await bus.takeAnswer(attempt, mine).catch(() => null);
        if (sealed !== null) return office.deps.envelope.open(`${attempt}:${id}:${mine}`, sealed) as Answer;
        if (killed.signal.aborted) return new Promise(() => undefined);
        await until(
          () => bus.send({ kind: 'ask', attempt, worker: id, seq: mine }),
          (said) => said.kind === 'answered' && said.attempt === attempt,
          300,
        );
      }
    }
    async function stopRequested(): Promise<string> {
      for (;;) {
        const request = await bus.stopRequest(attempt).catch(() => null);
        if (request !== null) return request;
        await until(
          async () => undefined,
          (said) => said.kind === 'stop' && said.attempt === attempt,
          200,
        );
      }
    }
  }

  /** A grant that Redis lost is claimed again with the same nonce: with another one it would be someone else's claim. */
  async function claim(attempt: string, nonce = `${attempt}-${Math.random()}`): Promise<Grant | null> {
    const answer = await until(
      () => bus.send({ kind: 'claim', claim: { attempt, worker: id, nonce } }),
      (said) => (said.kind === 'granted' || said.kind === 'denied') && said.attempt === attempt,
    );
    if (answer?.kind !== 'granted') {
      hand.denied++;
      return null;
    }
    const sealed = await bus.takeGrant(attempt);
    return sealed === null
      ? claim(attempt, nonce)
      : Grant.parse(office.deps.envelope.open(`${attempt}:${id}:${nonce}`, sealed));
  }

  /** Sends again until an answer matches; null after `once` milliseconds, if given, or when killed. */
  async function until(
    send: () => Promise<unknown>,
    matches: (message: WorkerMessage) => boolean,
    once: number | null = null,
  ): Promise<WorkerMessage | null> {
    const { promise, resolve } = Promise.withResolvers<WorkerMessage | null>();
    const listener = (message: WorkerMessage) => matches(message) && resolve(message);
    if (killed.signal.aborted) return null;
    const again = setInterval(() => (once === null ? void send().catch(() => undefined) : resolve(null)), once ?? 300);
    listeners.add(listener);
    killed.signal.addEventListener('abort', () => resolve(null));
    await send().catch(() => undefined);
    const answer = await promise;
    clearInterval(again);
    listeners.delete(listener);
    return answer;
  }

  function gone(): Promise<null> {
    return new Promise((resolve) => killed.signal.addEventListener('abort', () => resolve(null)));
  }
}
