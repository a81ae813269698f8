import { setTimeout as delay } from 'node:timers/promises';
import type { WorkerDeps } from '../../deps.ts';
import type { Event as AttemptEvent } from '../../jobs/protocol/event.ts';
import { EventSender } from '../attempt/event-sender.ts';
import type { Mailbox } from '../attempt/mailbox.ts';

/** Milliseconds. */
const INTERVAL = 10_000;

type OrphanDeps = Pick<WorkerDeps, 'bus' | 'spool' | 'worker' | 'log'>;

/** Delivers the events of attempts that dead workers of this host finished. Looks for them every 10 s until `done` aborts. */
export async function deliverOrphans(deps: OrphanDeps, mailbox: Mailbox, done: AbortSignal): Promise<void> {
  const deliveries = new Set<Promise<void>>();
  while (!done.aborted) {
    const orphans = await deps.spool.orphans().catch((error: unknown) => {
      deps.log.warn({ err: error }, 'cannot read the spools of dead workers');
      return [];
    });
    for (const { worker, attempt, events } of orphans) {
      deps.log.info({ worker, attempt, events: events.length }, 'delivering the events of a dead worker');
      const delivery = deliver(deps, mailbox, attempt, events, done);
      deliveries.add(delivery);
      void delivery.then(() => deliveries.delete(delivery));
    }
    await delay(INTERVAL, undefined, { signal: done }).catch(() => undefined);
  }
  await Promise.all(deliveries);
}

async function deliver(
  { bus, spool, worker, log }: OrphanDeps,
  mailbox: Mailbox,
  attempt: string,
  events: AttemptEvent[],
  done: AbortSignal,
): Promise<void> {
  const sender = new EventSender(bus, mailbox, attempt);
  for (const event of events) sender.add({ ...event, reply_to: worker });
  // The spool has moved the orphan into this worker's folder.
  try {
    if (await sender.delivered(done)) await spool.remove(attempt);
  } catch (error) {
    log.warn({ err: error, attempt }, 'cannot remove the delivered events of a dead worker');
  } finally {
    sender.close();
  }
}
