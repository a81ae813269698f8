import { Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Lane } from '../../../jobs/run/plan.ts';
import { connect } from '../connection.ts';
import { PREFIX } from '../keys.ts';

/** How often a lane is looked at: waiting offers, free slots, and nothing taken since the last look means that BullMQ is stuck. */
const LOOK_EVERY = 5000;

export interface LaneTaker {
  drain(): Promise<void>;
  close(): Promise<void>;
}

/** Takes from one lane until drained; a BullMQ worker that got stuck (it can, after outages) is replaced. */
export function openLaneTaker(
  url: string,
  looking: Redis,
  lane: Lane,
  slots: number,
  take: (attempt: string) => Promise<void>,
): LaneTaker {
  const held = new Set<Promise<void>>();
  let draining = false;
  let taken = 0;
  let takenAtLastLook = -1;
  let { worker, connection } = openWorker();
  const rounds = setInterval(() => void look(), LOOK_EVERY);

  function openWorker(): { worker: Worker; connection: Redis } {
    // Its own, so that a stuck worker is torn down with all it has. BullMQ wants commands to wait while Redis is unreachable.
    const connection = connect(url, {
      enableOfflineQueue: true,
      maxRetriesPerRequest: null,
      autoResendUnfulfilledCommands: true,
    });
    const worker = new Worker(lane, (job) => hold(job.id ?? ''), {
      connection,
      prefix: PREFIX,
      concurrency: slots,
      // Once taken it is the claim that counts: a lock that is lost stops nobody, a stalled offer is not handed out again.
      maxStalledCount: 0,
      lockDuration: 10_000,
      stalledInterval: 5000,
      drainDelay: 2,
      runRetryDelay: 1000,
      removeOnComplete: { count: 0 },
      removeOnFail: { count: 0 },
    });
    // Lost locks and lost connections: control offers again what is still wanted.
    worker.on('error', () => undefined);
    return { worker, connection };
  }

  /** Draining, or with a replaced worker's attempts still in the slots, an offer is let go: control makes it again. */
  async function hold(attempt: string): Promise<void> {
    if (draining || held.size >= slots) return;
    taken++;
    const holding = take(attempt).finally(() => held.delete(holding));
    held.add(holding);
    await holding;
  }

  async function look(): Promise<void> {
    const waiting = await looking.llen(`${PREFIX}:${lane}:wait`).catch(() => 0);
    const stuck = waiting > 0 && held.size < slots && taken === takenAtLastLook;
    takenAtLastLook = taken;
    if (!stuck || draining) return;
    const stale = { worker, connection };
    ({ worker, connection } = openWorker());
    await shut(stale.worker, stale.connection);
  }

  return {
    drain: async () => {
      draining = true;
      clearInterval(rounds);
      await worker.pause(true);
      await Promise.all(held);
    },
    close: async () => {
      draining = true;
      clearInterval(rounds);
      await shut(worker, connection);
    },
  };
}

/** By force: the gentle way waits without end for a Redis that is away. What was not yet acknowledged to BullMQ expires with its lock. */
async function shut(worker: Worker, connection: Redis): Promise<void> {
  await worker.close(true).catch(() => undefined);
  connection.disconnect();
}
