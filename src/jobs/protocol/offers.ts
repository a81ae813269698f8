import type { Lane } from '../run/plan.ts';

/** An attempt that no worker has claimed. Groups share the slots evenly: each repository is a group, and all tasks are another. */
export interface PendingAttempt {
  attempt: string;
  lane: Lane;
  group: string;
}

/** Free slots of the whole fleet; the lanes test and build share `work`. */
export interface FreeSlots {
  plan: number;
  work: number;
  deploy: number;
  notify: number;
}

/**
 * Chooses what to offer now: at most one attempt per free slot, with the groups taking turns, so that a group with five hundred jobs
 * does not block a group with one. `queue` is oldest first. `last_turns` is when each group last got a slot. Slots often free up one
 * at a time, and the group that has waited longest gets the next one.
 */
export function chooseOffers(
  queue: readonly PendingAttempt[],
  free: FreeSlots,
  last_turns: ReadonlyMap<string, number> = new Map(),
): PendingAttempt[] {
  return (['plan', 'work', 'deploy', 'notify'] as const).flatMap((pool) => {
    const waiting = queue.filter((pending) => poolOf(pending.lane) === pool);
    return roundRobin(waiting, last_turns).slice(0, Math.max(0, free[pool]));
  });
}

export function poolOf(lane: Lane): keyof FreeSlots {
  return lane === 'test' || lane === 'build' ? 'work' : lane;
}

function roundRobin(queue: readonly PendingAttempt[], last_turns: ReadonlyMap<string, number>): PendingAttempt[] {
  const groups = [...Map.groupBy(queue, (pending) => pending.group)]
    .toSorted(([a], [b]) => (last_turns.get(a) ?? 0) - (last_turns.get(b) ?? 0))
    .map(([, group]) => group);
  const rounds = Math.max(0, ...groups.map((group) => group.length));
  return Array.from({ length: rounds }, (_, round) => groups.flatMap((group) => group[round] ?? [])).flat();
}
