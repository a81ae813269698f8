import type { DeploymentStatus } from '../status.ts';
import type { Relation } from './deployment.ts';

/** A deployment as the rules of its environment see it. `position` sorts by the order in which the commits came. */
export interface QueuedDeployment {
  id: string;
  status: DeploymentStatus;
  position: string;
  /** Its worker stands ready for it. */
  asked: boolean;
}

export interface EnvironmentMoves {
  /** A newer one took their place. */
  replaced: string[];
  /** The one that gets the environment's lock now. */
  start: string | null;
}

/** One deployment at a time, and of those that wait only the newest: the older ones give way even before it may start. */
export function environmentMoves(deployments: readonly QueuedDeployment[]): EnvironmentMoves {
  const waiting = deployments
    .filter((deployment) => deployment.status === 'waiting')
    .toSorted((a, b) => (a.position === b.position ? order(a.id, b.id) : order(a.position, b.position)));
  const newest = waiting.pop();
  const busy = deployments.some(({ status }) => status === 'starting' || status === 'switching');
  return {
    replaced: waiting.map((deployment) => deployment.id),
    start: newest?.asked && !busy ? newest.id : null,
  };
}

function order(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** Whether a candidate that passed its gate may take the traffic. */
export function mayTakeTraffic(candidate: {
  relation: Relation;
  ordered: boolean;
  /** Why it is not wanted any more; null while it is. */
  unwanted: string | null;
}): { go: 'switch' } | { go: 'stop'; status: 'cancelled' | 'skipped'; reason: string } {
  if (candidate.unwanted !== null) return { go: 'stop', status: 'cancelled', reason: candidate.unwanted };
  if (candidate.ordered && candidate.relation === 'ancestor')
    return { go: 'stop', status: 'skipped', reason: 'a newer commit is live already' };
  return { go: 'switch' };
}

/** A push that was not forced must not put an older commit over a newer one; anything else is someone's decision. */
export function isOrdered(trigger: string, forced: boolean): boolean {
  return trigger === 'push' && !forced;
}
