import type { ServerDeps } from '../../deps.ts';
import type { Fleet, Heartbeat } from '../../jobs/protocol/message.ts';
import type { FreeSlots } from '../../jobs/protocol/offers.ts';

/** Milliseconds of silence after which a worker counts as lost: four heartbeats. */
const LOST_AFTER = 12_000;

export function recordHeartbeat(deps: Pick<ServerDeps, 'fleet' | 'metrics' | 'monotonic'>, heartbeat: Heartbeat): void {
  deps.fleet.set(heartbeat.worker, { heartbeat, last_seen_at: deps.monotonic() });
  deps.metrics.workers.set(deps.fleet.size);
}

/** Adds a worker that has not sent a heartbeat yet, without free slots. */
export function addWorker({ fleet, monotonic }: Pick<ServerDeps, 'fleet' | 'monotonic'>, worker: string): void {
  if (!fleet.has(worker)) fleet.set(worker, { heartbeat: null, last_seen_at: monotonic() });
}

/**
 * Workers that have been silent for too long at `at`, a reading of the monotonic clock. Time without a connection to Redis does not
 * count: an outage ends no attempt.
 */
export function lostWorkers({ bus, fleet }: Pick<ServerDeps, 'bus' | 'fleet'>, at: number): string[] {
  const up = bus.up();
  if (up === null) return [];
  const limit = at - LOST_AFTER;
  return [...fleet].filter(([, { last_seen_at }]) => Math.max(last_seen_at, up.since) < limit).map(([id]) => id);
}

/** Counts no silence before now. For after a suspension of this process: heartbeats that arrived meanwhile are still unread. */
export function excuseSilence({ fleet, monotonic }: Pick<ServerDeps, 'fleet' | 'monotonic'>): void {
  for (const worker of fleet.values()) worker.last_seen_at = monotonic();
}

export function forgetWorker({ fleet, metrics }: Pick<ServerDeps, 'fleet' | 'metrics'>, worker: string): void {
  fleet.delete(worker);
  metrics.workers.set(fleet.size);
}

/** Free slots of all workers that take new attempts. */
export function freeSlots(fleet: Fleet): FreeSlots {
  const free: FreeSlots = { plan: 0, work: 0, deploy: 0, notify: 0 };
  for (const { heartbeat } of fleet.values()) {
    if (heartbeat === null || heartbeat.stopping) continue;
    for (const pool of ['plan', 'work', 'deploy', 'notify'] as const) free[pool] += heartbeat.free[pool];
  }
  return free;
}
