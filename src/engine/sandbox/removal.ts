import type { EngineDeps } from '../engine-deps.ts';
import type { AttemptIds } from './sandbox.ts';

type Docker = EngineDeps['docker'];

/** Removes every container of an attempt and its own network; resolves when they are removed. */
export async function removeAttempt(docker: Docker, attempt: string): Promise<void> {
  await removeLabelled(docker, { 'gantry.attempt': attempt }, () => true);
}

/**
 * Removes what earlier attempts at this job left, and what this attempt left if its worker has started it before. Deployed containers do
 * not have these labels.
 */
export async function removeLeftovers(docker: Docker, { job, number }: Pick<AttemptIds, 'job' | 'number'>) {
  await removeLabelled(docker, { 'gantry.job': job }, (labels) => Number(labels['gantry.attempt_number']) <= number);
}

/** Attempts that have a container or a network on this host. */
export async function attemptsInDocker(docker: Docker): Promise<Set<string>> {
  const [containers, networks] = await Promise.all([docker.containers({}), docker.networks({})]);
  const attempts = [...containers, ...networks].map(({ labels }) => labels['gantry.attempt']);
  return new Set(attempts.filter((attempt) => attempt !== undefined));
}

/** A network can be removed once no container uses it. */
async function removeLabelled(
  docker: Docker,
  wanted: Record<string, string>,
  isStale: (labels: Record<string, string>) => boolean,
): Promise<void> {
  const containers = (await docker.containers(wanted)).filter(({ labels }) => isStale(labels));
  await Promise.all(containers.map(({ id }) => docker.remove(id)));
  const networks = (await docker.networks(wanted)).filter(({ labels }) => isStale(labels));
  await Promise.all(networks.map(({ id }) => docker.removeNetwork(id)));
}
