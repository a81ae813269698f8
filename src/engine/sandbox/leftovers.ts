import type { JobGrant } from '../../jobs/protocol/grant.ts';
import type { EngineDeps } from '../engine-deps.ts';

/**
 * Removes the containers of this job's lower attempts, and of this one should its worker have begun it twice; resolves when they are gone.
 * What is deployed carries other labels and is never taken by this.
 */
export async function removeLeftovers({ docker }: EngineDeps, grant: JobGrant): Promise<void> {
  const containers = await docker.containers({ 'gantry.job': grant.job });
  const stale = containers.filter(({ labels }) => Number(labels['gantry.attempt_number']) <= grant.number);
  await Promise.all(stale.map(({ id }) => docker.remove(id)));
}
