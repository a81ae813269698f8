import { setTimeout as delay } from 'node:timers/promises';
import type { WorkerDeps } from '../../deps.ts';
import type { Event as AttemptEvent } from '../../jobs/protocol/event.ts';
import { Mailbox } from '../attempt/mailbox.ts';
import { Outgoing } from '../attempt/outgoing.ts';

const LOOK_EVERY = 10_000;

/** Sends what this host's dead workers had finished and could not deliver any more: at the start and each 10 s, until `done` aborts. */
export async function deliverOrphans(
  deps: Pick<WorkerDeps, 'bus' | 'spool' | 'log'>,
  done: AbortSignal,
): Promise<void> {
  const mailbox = new Mailbox();
  const heard = new Set<string>();
  const deliveries: Promise<void>[] = [];
  while (!done.aborted) {
    const orphans = await deps.spool.orphans().catch((error: unknown) => {
      deps.log.warn({ err: error }, 'the spools of dead workers cannot be read');
      return [];
    });
    for (const { worker, attempt, events } of orphans) {
      deps.log.info({ worker, attempt, events: events.length }, 'delivering what a dead worker had to say');
      // Control answers the worker that spoke.
      if (!heard.has(worker)) void deps.bus.listen(worker, (message) => mailbox.deliver(message));
      heard.add(worker);
      deliveries.push(deliver(deps, mailbox, worker, attempt, events, done));
    }
    await delay(LOOK_EVERY, undefined, { signal: done }).catch(() => undefined);
  }
  await Promise.all(deliveries);
}

async function deliver(
  { bus, spool }: Pick<WorkerDeps, 'bus' | 'spool'>,
  mailbox: Mailbox,
  worker: string,
  attempt: string,
  events: AttemptEvent[],
  done: AbortSignal,
): Promise<void> {
  const outgoing = new Outgoing(bus, mailbox, attempt);
  for (const event of events) outgoing.add(event);
  if (await outgoing.delivered(done)) await spool.removeOrphan(worker, attempt);
  outgoing.close();
}
