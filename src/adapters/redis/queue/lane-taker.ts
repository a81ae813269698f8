import { Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Lane } from '../../../jobs/run/plan.ts';
import { connect } from '../connection.ts';
import { PREFIX } from '../keys.ts';

/** Milliseconds between checks. Waiting offers and free slots, but no offer taken since the last check, mean that BullMQ is stuck. */
const CHECK_INTERVAL = 5000;

export interface LaneTaker {
  drain(): Promise<void>;
  close(): Promise<void>;
}

/** Takes offers from one lane until drained. Replaces its BullMQ worker when that is stuck, as can happen after an outage. */
export function openLaneTaker(
  url: string,
  commands: Redis,
  lane: Lane,
  slots: number,
  take: (attempt: string) => Promise<void>,
): LaneTaker {
  const held = new Set<Promise<void>>();
  let draining = false;
  let taken = 0;
  let takenAtLastCheck = -1;
  let { worker, connection } = openWorker();
  const checks = setInterval(() => void check(), CHECK_INTERVAL);

  function openWorker(): { worker: Worker; connection: Redis } {
    // Not shared, so that it can be replaced with its worker. BullMQ needs commands to wait while Redis is unreachable.
    const connection = connect(url, {
      enableOfflineQueue: true,
      maxRetriesPerRequest: null,
      autoResendUnfulfilledCommands: true,
    });
    const worker = new Worker(lane, (job) => hold(job.id ?? ''), {
      connection,
      prefix: PREFIX,
      concurrency: slots,
      // BullMQ must not offer an attempt again when a lock is lost: control does that.
      maxStalledCount: 0,
      lockDuration: 10_000,
      stalledInterval: 5000,
      drainDelay: 2,
      runRetryDelay: 1000,
      removeOnComplete: { count: 0 },
      removeOnFail: { count: 0 },
    });
    // These are lost locks and connections: control makes the offers again.
    worker.on('error', () => undefined);
    return { worker, connection };
  }

  /** While draining, or while attempts of a replaced worker still use the slots, an offer is dropped: control makes it again. */
  async function hold(attempt: string): Promise<void> {
    if (draining || held.size >= slots) return;
    taken++;
    const holding = take(attempt).finally(() => held.delete(holding));
    held.add(holding);
    await holding;
  }

  async function check(): Promise<void> {
    const waiting = await commands.llen(`${PREFIX}:${lane}:wait`).catch(() => 0);
    const stuck = waiting > 0 && held.size < slots && taken === takenAtLastCheck;
    takenAtLastCheck = taken;
    if (!stuck || draining) return;
    const stale = { worker, connection };
    ({ worker, connection } = openWorker());
    await shut(stale.worker, stale.connection);
  }

  return {
    drain: async () => {
      draining = true;
      clearInterval(checks);
      await worker.pause(true);
      await Promise.all(held);
    },
    close: async () => {
      draining = true;
      clearInterval(checks);
      await shut(worker, connection);
    },
  };
}

/** By force: a graceful close waits forever for an unreachable Redis. */
async function shut(worker: Worker, connection: Redis): Promise<void> {
  await worker.close(true).catch(() => undefined);
  connection.disconnect();
}
