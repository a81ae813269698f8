import { setTimeout as sleep } from 'node:timers/promises';
import type { ServerDeps } from '../deps.ts';
import type { PipeMessage } from '../jobs/protocol/message.ts';
import { applyEvent } from './protocol/apply-event.ts';
import { onClaim } from './protocol/claim.ts';
import { hear } from './attempts/fleet.ts';
import { makeOffers } from './attempts/offers.ts';
import { sendAnswer } from './environments/answers.ts';
import { openUpkeep, type Upkeep } from './environments/upkeep.ts';
import { sweep } from './sweep.ts';

const SWEEP_EVERY = 1000;

/** Grants claims, applies events, answers questions and sweeps until `signal` aborts. Redis may come and go; SQL may not. */
export async function runControl(deps: ServerDeps, signal: AbortSignal): Promise<void> {
  await remember(deps);
  const upkeep = openUpkeep(deps);
  // Redis may be away at the start and stay away: neither sweeps nor the end wait for it.
  void deps.bus.onHeartbeat((heartbeat) => {
    const before = deps.fleet.get(heartbeat.worker)?.heartbeat?.free;
    hear(deps, heartbeat);
    const freed = JSON.stringify(before) !== JSON.stringify(heartbeat.free);
    Promise.all([upkeep.heard(heartbeat), freed ? makeOffers(deps) : null]).catch((error: unknown) =>
      deps.log.debug({ err: error }, 'what a heartbeat asks for is left to the sweep'),
    );
  });
  await Promise.all([
    deps.bus.readPipe((message) => handle(deps, message), signal),
    keepSweeping(deps, upkeep, signal),
  ]);
}

/** Workers that held something when this process began count as heard of just now. */
async function remember(deps: ServerDeps): Promise<void> {
  const rows = await deps.store.read
    .selectFrom('attempts')
    .select('worker')
    .distinct()
    .where('status', '=', 'running')
    .execute();
  for (const { worker } of rows) if (worker !== null) deps.fleet.set(worker, { heartbeat: null, heard_at: deps.now() });
}

async function handle(deps: ServerDeps, message: PipeMessage | { kind: 'unreadable'; text: string }): Promise<void> {
  try {
    switch (message.kind) {
      case 'claim':
        return await onClaim(deps, message.claim);
      case 'event':
        return await applyEvent(deps, message.event);
      case 'ask':
        return await sendAnswer(deps, message.attempt, message.seq);
      case 'unreadable':
        await deps.store.write((sql) =>
          sql.insertInto('parked').values({ text: message.text, error: 'unreadable', at: deps.now() }).execute(),
        );
    }
  } catch (error) {
    // The sender repeats what nobody acknowledged; one message that cannot be handled must not hold up the others.
    deps.log.error({ err: error, kind: message.kind }, 'a message of a worker cannot be handled');
  }
}

async function keepSweeping(deps: ServerDeps, upkeep: Upkeep, signal: AbortSignal): Promise<void> {
  const watchRedis = redisWatch(deps);
  while (!signal.aborted) {
    watchRedis();
    await upkeep
      .swept()
      .then(() => sweep(deps))
      .catch((error: unknown) => deps.log.warn({ err: error }, 'a sweep was cut short'));
    await sleep(SWEEP_EVERY, undefined, { signal }).catch(() => undefined);
  }
}

/** Says once that Redis is away, and once that it is back: until then nothing is offered, and nothing is lost. */
function redisWatch(deps: ServerDeps): () => void {
  let was_up: boolean | null = null;
  return () => {
    const up = deps.bus.up() !== null;
    if (was_up === true && !up) deps.log.warn('Redis is away: what runs goes on, what waits waits for it');
    if (was_up === false && up) deps.log.info('Redis answers again');
    // Before the first connection there is nothing to miss.
    if (up || was_up !== null) was_up = up;
  };
}
