import type { ServerDeps } from '../../deps.ts';
import type { Heartbeat } from '../../jobs/protocol/message.ts';
import type { FreeSlots } from '../../jobs/protocol/offers.ts';

/** Silence after which a worker counts as lost: four heartbeats. */
const LOST_AFTER = 12_000;

/** The workers as their heartbeats tell of them; in memory, for a heartbeat comes every 3 s. */
export type Fleet = Map<string, { heartbeat: Heartbeat | null; heard_at: number }>;

export function hear(deps: ServerDeps, heartbeat: Heartbeat): void {
  deps.fleet.set(heartbeat.worker, { heartbeat, heard_at: deps.now() });
  deps.metrics.workers.set(deps.fleet.size);
}

/** Workers that say nothing any more. Counted only while our own connection was up, so that an outage of Redis kills no job. */
export function lostWorkers(deps: ServerDeps): string[] {
  const up = deps.bus.up();
  if (up === null) return [];
  const silent = deps.now() - LOST_AFTER;
  return [...deps.fleet].filter(([, { heard_at }]) => Math.max(heard_at, up.since) < silent).map(([worker]) => worker);
}

/** A worker that was lost, or that holds nothing and has gone. */
export function forget(deps: ServerDeps, worker: string): void {
  deps.fleet.delete(worker);
  deps.metrics.workers.set(deps.fleet.size);
}

export function freeSlots(fleet: Fleet): FreeSlots {
  const free: FreeSlots = { plan: 0, work: 0, deploy: 0, notify: 0 };
  for (const { heartbeat } of fleet.values()) {
    if (heartbeat === null || heartbeat.stopping) continue;
    for (const pool of ['plan', 'work', 'deploy', 'notify'] as const) free[pool] += heartbeat.free[pool];
  }
  return free;
}
