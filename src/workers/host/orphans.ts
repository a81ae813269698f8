import { setTimeout as delay } from 'node:timers/promises';
import type { WorkerDeps } from '../../deps.ts';
import type { Event as AttemptEvent } from '../../jobs/protocol/event.ts';
import type { Mailbox } from '../attempt/mailbox.ts';
import { Outgoing } from '../attempt/outgoing.ts';

const LOOK_EVERY = 10_000;

/** Delivers the events of finished attempts that this host's dead workers could not deliver: at the start and each 10 s, until `done` aborts. */
export async function deliverOrphans(
  deps: Pick<WorkerDeps, 'bus' | 'spool' | 'worker' | 'log'>,
  mailbox: Mailbox,
  done: AbortSignal,
): Promise<void> {
  const deliveries: Promise<void>[] = [];
  while (!done.aborted) {
    const orphans = await deps.spool.orphans().catch((error: unknown) => {
      deps.log.warn({ err: error }, 'cannot read the spools of dead workers');
      return [];
    });
    for (const { worker, attempt, events } of orphans) {
      deps.log.info({ worker, attempt, events: events.length }, 'delivering the events of a dead worker');
      deliveries.push(deliver(deps, mailbox, worker, attempt, events, done));
    }
    await delay(LOOK_EVERY, undefined, { signal: done }).catch(() => undefined);
  }
  await Promise.all(deliveries);
}

async function deliver(
  { bus, spool, worker: reply_to }: Pick<WorkerDeps, 'bus' | 'spool' | 'worker'>,
  mailbox: Mailbox,
  worker: string,
  attempt: string,
  events: AttemptEvent[],
  done: AbortSignal,
): Promise<void> {
  const outgoing = new Outgoing(bus, mailbox, attempt);
  for (const event of events) outgoing.add({ ...event, reply_to });
  if (await outgoing.delivered(done)) await spool.removeOrphan(worker, attempt);
  outgoing.close();
}
