import { once } from 'node:events';
import { within } from '../abort.ts';
import type { WorkerDeps } from '../deps.ts';
import { Lane } from '../jobs/run/plan.ts';
import { Mailbox } from './attempt/mailbox.ts';
import { type Ends, holdAttempt } from './attempt/run-attempt.ts';
import { startHeartbeat } from './heartbeat.ts';
import { deliverOrphans } from './host/orphans.ts';
import { keepProxy } from './host/proxy-keeper.ts';
import { sweepStrays } from './host/strays.ts';
import { Slots } from './slots.ts';

/** For the engine to clean up, and for control to acknowledge, once everything held was told to end. */
const LAST_WORDS = 15_000;
/** For what is under way in the background. */
const LEAVE = 2000;

/** Takes offers from all lanes until `signal` aborts; then lets what it holds come to its end, as long as the configuration allows. */
export async function runWorker(deps: WorkerDeps, signal: AbortSignal): Promise<void> {
  const [stopping, leaving, gone] = [new AbortController(), new AbortController(), new AbortController()];
  const ends: Ends = { stopping: stopping.signal, leaving: leaving.signal, gone: gone.signal };
  const slots = new Slots(deps.config.slots);
  const mailbox = new Mailbox();
  let proxy: string | null = null;
  const heartbeat = startHeartbeat(deps, () => ({
    free: slots.free,
    held: slots.held,
    proxy,
    stopping: stopping.signal.aborted,
  }));
  deps.bus.receive(deps.worker, (message) => mailbox.deliver(message));
  const chores = [
    deliverOrphans(deps, mailbox, gone.signal),
    sweepStrays(deps, stopping.signal),
    keepProxy(deps, showProxy, stopping.signal),
  ];
  for (const lane of Lane.options) deps.taker.take(lane, slots.size(lane), (attempt) => take(lane, attempt));
  deps.log.info({ worker: deps.worker, slots: deps.config.slots }, 'ready');

  if (!signal.aborted) await once(signal, 'abort');
  stopping.abort(new Error('the worker is shutting down'));
  heartbeat.changed();
  const drained = deps.taker.drain();
  await within(drained, deps.config.shutdown_timeout);
  leaving.abort(stopping.signal.reason);
  await within(drained, LAST_WORDS);
  gone.abort();
  // What hangs even now ends with the process, and is cleaned up by the next one.
  await within(Promise.all([drained, ...chores]), LEAVE);
  await heartbeat.stop();
  await close(deps);

  function showProxy(container: string | null): void {
    if (container === proxy) return;
    proxy = container;
    heartbeat.changed();
  }

  /** An offer for which there is no slot is let go at once: control makes it again. */
  async function take(lane: Lane, attempt: string): Promise<void> {
    if (!slots.take(lane, attempt)) return;
    heartbeat.changed();
    await holdAttempt(deps, mailbox, attempt, ends);
    slots.release(attempt);
    heartbeat.changed();
  }
}

async function close({ taker, bus, spool }: WorkerDeps): Promise<void> {
  await taker.close();
  await bus.close();
  await spool.close();
}
