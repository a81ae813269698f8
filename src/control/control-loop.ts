import { setTimeout as sleep } from 'node:timers/promises';
import type { ServerDeps } from '../deps.ts';
import type { Heartbeat, PipeMessage } from '../jobs/protocol/message.ts';
import { addWorker, excuseSilence, recordHeartbeat } from './attempts/fleet.ts';
import { makeOffers } from './attempts/offers.ts';
import { sendAnswer } from './environments/answers.ts';
import { openUpkeep, type Upkeep } from './environments/upkeep.ts';
import { applyEvent } from './protocol/apply-event.ts';
import { onClaim } from './protocol/claim.ts';
import { sweep } from './sweep.ts';

/** Milliseconds. */
const SWEEP_EVERY = 1000;
/** Milliseconds between two sweeps after which the process counts as suspended (SIGSTOP, a paused machine) or blocked. */
const SUSPENDED_AFTER = 5000;

/** Grants claims, applies events, answers questions and sweeps, until `signal` aborts. Continues while Redis is unreachable. */
export async function runControl(deps: ServerDeps, signal: AbortSignal): Promise<void> {
  await addBusyWorkers(deps);
  const upkeep = openUpkeep(deps);
  // Not awaited: Redis may be unreachable at the start, and neither sweeps nor the shutdown wait for it.
  void deps.bus.onHeartbeat((heartbeat) => onHeartbeat(deps, upkeep, heartbeat));
  await Promise.all([
    deps.bus.readPipe((message) => handle(deps, message), signal),
    keepSweeping(deps, upkeep, signal),
  ]);
}

/** Workers of running attempts get the usual time to send a heartbeat, also those that died while no control loop ran. */
async function addBusyWorkers(deps: Pick<ServerDeps, 'store' | 'fleet' | 'monotonic'>): Promise<void> {
  const rows = await deps.store.read
    .selectFrom('attempts')
    .select('worker')
    .distinct()
    .where('status', '=', 'running')
    .execute();
  for (const { worker } of rows) if (worker !== null) addWorker(deps, worker);
}

function onHeartbeat(deps: ServerDeps, upkeep: Upkeep, heartbeat: Heartbeat): void {
  const before = deps.fleet.get(heartbeat.worker)?.heartbeat?.free;
  recordHeartbeat(deps, heartbeat);
  const isFreed = JSON.stringify(before) !== JSON.stringify(heartbeat.free);
  Promise.all([upkeep.onHeartbeat(heartbeat), isFreed ? makeOffers(deps) : null]).catch((error: unknown) =>
    deps.log.debug({ err: error, worker: heartbeat.worker }, 'heartbeat handling failed; the next sweep retries'),
  );
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
    // The worker repeats the message until it gets an answer. The messages after it are handled meanwhile.
    deps.log.error({ err: error, kind: message.kind }, "cannot handle a worker's message");
  }
}

async function keepSweeping(deps: ServerDeps, upkeep: Upkeep, signal: AbortSignal): Promise<void> {
  const logConnection = connectionLog(deps);
  const noticeSuspension = suspensionWatch(deps);
  while (!signal.aborted) {
    logConnection();
    // Read first: if the process is suspended after this line, the reading is old, and no worker counts as lost.
    const at = deps.monotonic();
    noticeSuspension();
    try {
      await upkeep.onSweep();
      await sweep(deps, at);
    } catch (error) {
      deps.log.warn({ err: error }, 'sweep failed; the next sweep retries');
    }
    await sleep(SWEEP_EVERY, undefined, { signal }).catch(() => undefined);
  }
}

/** Excuses the workers' silence when this process itself was stopped or blocked since the call before. */
function suspensionWatch(deps: Pick<ServerDeps, 'fleet' | 'log' | 'monotonic'>): () => void {
  let last = performance.now();
  return () => {
    const pause = performance.now() - last;
    last += pause;
    if (pause < SUSPENDED_AFTER) return;
    excuseSilence(deps);
    deps.log.warn({ seconds: Math.round(pause / 1000) }, 'the server was suspended; workers get time to report');
  };
}

/** Logs once when the connection is lost and once when it is restored, but not before the first connection. */
function connectionLog({ bus, log }: Pick<ServerDeps, 'bus' | 'log'>): () => void {
  let was_up: boolean | null = null;
  return () => {
    const up = bus.up() !== null;
    if (was_up === true && !up) log.warn('Redis connection lost; running jobs continue, queued jobs wait');
    if (was_up === false && up) log.info('Redis connection restored');
    if (up || was_up !== null) was_up = up;
  };
}
