import type { Lane } from '../run/plan.ts';

/** An attempt that nobody has yet. `group` is whose turn it takes: its repository, or the tasks together. */
export interface Offerable {
  attempt: string;
  lane: Lane;
  group: string;
}

/** Free slots of the whole fleet; `work` is shared by the lanes test and build. */
export interface FreeSlots {
  plan: number;
  work: number;
  deploy: number;
  notify: number;
}

/**
 * What to offer now: never more than there are slots, groups in turn so that one with five hundred jobs cannot keep another's one waiting.
 * `queue` is oldest first. `served` says when each group got its last slot: slots come free one by one, and the group whose turn is longest ago is next.
 */
export function chooseOffers(
  queue: readonly Offerable[],
  free: FreeSlots,
  served: ReadonlyMap<string, number> = new Map(),
): Offerable[] {
  return (['plan', 'work', 'deploy', 'notify'] as const).flatMap((pool) => {
    const waiting = queue.filter((offer) => poolOf(offer.lane) === pool);
    return inTurns(waiting, served).slice(0, Math.max(0, free[pool]));
  });
}

export function poolOf(lane: Lane): keyof FreeSlots {
  return lane === 'test' || lane === 'build' ? 'work' : lane;
}

function inTurns(queue: readonly Offerable[], served: ReadonlyMap<string, number>): Offerable[] {
  const groups = [...Map.groupBy(queue, (offer) => offer.group)]
    .toSorted(([a], [b]) => (served.get(a) ?? 0) - (served.get(b) ?? 0))
    .map(([, group]) => group);
  const rounds = Math.max(0, ...groups.map((group) => group.length));
  return Array.from({ length: rounds }, (_, round) => groups.flatMap((group) => group[round] ?? [])).flat();
}
