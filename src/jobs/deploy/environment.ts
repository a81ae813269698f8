import type { DeploymentStatus } from '../status.ts';
import type { Relation } from './deployment.ts';

/** An environment's id as the subject of an attempt. Neither name contains a slash. */
export function environmentId(app: string, environment: string): string {
  return `${app}/${environment}`;
}

export function splitEnvironmentId(id: string): { app: string; environment: string } {
  const [app = '', environment = ''] = id.split('/');
  return { app, environment };
}

/** A deployment in the queue of its environment. `position` sorts by the order in which the commits arrived. */
export interface QueuedDeployment {
  id: string;
  status: DeploymentStatus;
  position: string;
  /** Its worker has asked to start. */
  asked: boolean;
}

export interface EnvironmentMoves {
  /** Waiting deployments that a newer one replaces. */
  replaced: string[];
  /** The deployment that gets the environment's lock now. */
  start: string | null;
}

/** One deployment runs at a time. Of the waiting ones only the newest stays, even if it cannot start yet. */
export function environmentMoves(deployments: readonly QueuedDeployment[]): EnvironmentMoves {
  const waiting = deployments
    .filter((deployment) => deployment.status === 'waiting')
    .toSorted((a, b) => (a.position === b.position ? compare(a.id, b.id) : compare(a.position, b.position)));
  const newest = waiting.pop();
  const busy = deployments.some(({ status }) => status === 'starting' || status === 'switching');
  return {
    replaced: waiting.map((deployment) => deployment.id),
    start: newest?.asked && !busy ? newest.id : null,
  };
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** Whether a candidate that passed its gate gets the traffic. */
export function mayTakeTraffic(candidate: {
  relation: Relation;
  ordered: boolean;
  /** Why the deployment was cancelled; null if it was not. */
  cancel_reason: string | null;
}): { go: 'switch' } | { go: 'stop'; status: 'cancelled' | 'skipped'; reason: string } {
  if (candidate.cancel_reason !== null) return { go: 'stop', status: 'cancelled', reason: candidate.cancel_reason };
  if (candidate.ordered && candidate.relation === 'ancestor')
    return { go: 'stop', status: 'skipped', reason: 'a newer commit is already live' };
  return { go: 'switch' };
}

/** A push must not replace a newer commit with an older one, unless it was forced. Other triggers are explicit decisions. */
export function isOrdered(trigger: string, forced: boolean): boolean {
  return trigger === 'push' && !forced;
}
