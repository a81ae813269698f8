import { once } from 'node:events';
import { within } from '../abort.ts';
import type { WorkerDeps } from '../deps.ts';
import { Lane } from '../jobs/run/plan.ts';
import { Mailbox } from './attempt/mailbox.ts';
import { runAttempt, type Shutdown } from './attempt/run-attempt.ts';
import { startHeartbeat } from './heartbeat.ts';
import { deliverOrphans } from './host/orphans.ts';
import { keepProxy } from './host/proxy-keeper.ts';
import { sweepStrays } from './host/strays.ts';
import { Slots } from './slots.ts';

/** Milliseconds in which stopped attempts clean up and control acknowledges their end. */
const STOP_TIMEOUT = 15_000;
/** Milliseconds in which background tasks end. */
const EXIT_TIMEOUT = 2000;

/** Takes offers from all lanes until `signal` aborts. Then running attempts have the configured shutdown timeout to finish; after it they are stopped. */
export async function runWorker(deps: WorkerDeps, signal: AbortSignal): Promise<void> {
  const [draining, stopping, exiting] = [new AbortController(), new AbortController(), new AbortController()];
  const shutdown: Shutdown = { draining: draining.signal, stopping: stopping.signal, exiting: exiting.signal };
  const slots = new Slots(deps.config.slots);
  const mailbox = new Mailbox();
  let proxy: string | null = null;
  const heartbeat = startHeartbeat(deps, () => ({
    free: slots.free,
    held: slots.held,
    proxy,
    stopping: draining.signal.aborted,
  }));
  deps.bus.receive(deps.worker, (message) => mailbox.deliver(message));
  const background = [
    deliverOrphans(deps, mailbox, exiting.signal),
    sweepStrays(deps, draining.signal),
    keepProxy(deps, setProxy, draining.signal),
  ];
  for (const lane of Lane.options) deps.taker.take(lane, slots.size(lane), (attempt) => take(lane, attempt));
  deps.log.info({ worker: deps.worker, slots: deps.config.slots }, 'worker ready');

  if (!signal.aborted) await once(signal, 'abort');
  draining.abort(new Error('the worker is shutting down'));
  heartbeat.changed();
  const drained = deps.taker.drain();
  await within(drained, deps.config.shutdown_timeout);
  stopping.abort(draining.signal.reason);
  await within(drained, STOP_TIMEOUT);
  exiting.abort();
  // Anything that still hangs ends with the process; the next worker cleans up.
  await within(Promise.all([drained, ...background]), EXIT_TIMEOUT);
  await heartbeat.stop();
  await close(deps);

  function setProxy(container: string | null): void {
    if (container === proxy) return;
    proxy = container;
    heartbeat.changed();
  }

  /** Without a free slot the offer is dropped: control makes it again. */
  async function take(lane: Lane, attempt: string): Promise<void> {
    if (!slots.take(lane, attempt)) return;
    heartbeat.changed();
    await runAttempt(deps, mailbox, attempt, shutdown);
    slots.release(attempt);
    heartbeat.changed();
  }
}

async function close({ taker, bus, spool }: Pick<WorkerDeps, 'taker' | 'bus' | 'spool'>): Promise<void> {
  await taker.close();
  await bus.close();
  await spool.close();
}
