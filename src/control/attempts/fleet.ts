import type { ServerDeps } from '../../deps.ts';
import type { Fleet, Heartbeat } from '../../jobs/protocol/message.ts';
import type { FreeSlots } from '../../jobs/protocol/offers.ts';

/** Milliseconds of silence after which a worker counts as lost: four heartbeats. */
const LOST_AFTER = 12_000;

export function recordHeartbeat(deps: Pick<ServerDeps, 'fleet' | 'metrics' | 'now'>, heartbeat: Heartbeat): void {
  deps.fleet.set(heartbeat.worker, { heartbeat, heard_at: deps.now() });
  deps.metrics.workers.set(deps.fleet.size);
}

/** Counts a worker as heard of now; its heartbeats will say what it can take. */
export function recordContact({ fleet, now }: Pick<ServerDeps, 'fleet' | 'now'>, worker: string): void {
  if (!fleet.has(worker)) fleet.set(worker, { heartbeat: null, heard_at: now() });
}

/** Workers that have been silent for too long. Only time with our own connection up counts, so that a Redis outage kills no job. */
export function lostWorkers({ bus, fleet, now }: Pick<ServerDeps, 'bus' | 'fleet' | 'now'>): string[] {
  const up = bus.up();
  if (up === null) return [];
  const silent = now() - LOST_AFTER;
  return [...fleet].filter(([, { heard_at }]) => Math.max(heard_at, up.since) < silent).map(([worker]) => worker);
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
