import type { Container, Proxy, Service } from '../../deps.ts';
import type { DeployOrder, Reconciliation } from '../../jobs/deploy/deployment.ts';
import type { Finished } from '../../jobs/protocol/event.ts';
import type { EnvironmentGrant } from '../../jobs/protocol/grant.ts';
import type { EngineDeps } from '../engine-deps.ts';
import type { EventReporter } from '../event-reporter.ts';
import { aliasOf, GATE_PREFIX, gateOf, releaseImage, releaseRepository, serviceOf } from '../names.ts';
import { SUCCESS, verdictOfAbort, verdictOfError } from '../verdict.ts';
import { ensureProxy, type ProxyDeps } from './proxy-container.ts';
import { startRelease } from './release-container.ts';
import { serviceSpec } from './traffic.ts';

/**
 * Restores an environment to its state in SQL, except that a deployment which the proxy serves counts as the live one. Starts the live release
 * again if Docker or the proxy lost it, and removes what belongs to no deployment. Safe to repeat. Never rejects.
 */
export async function reconcileEnvironment(
  deps: ProxyDeps,
  grant: EnvironmentGrant,
  reporter: EventReporter,
  signal: AbortSignal,
): Promise<Finished> {
  const { reconciliation } = grant;
  const log = (line: string) => reporter.log.write(0, 'system', `${line}\n`);
  try {
    const proxy = deps.proxy(await ensureProxy(deps));
    const served = await readServed(proxy, reconciliation);
    signal.throwIfAborted();
    const live = served ?? reconciliation.live;
    if (live !== null) {
      reporter.log.mask(live.masks);
      await bringUp(deps, proxy, live, served, log);
    }
    signal.throwIfAborted();
    await removeStrays(deps.docker, proxy, reconciliation, live, log);
    await updateTags(deps, reconciliation, live);
    return { verdict: SUCCESS, outputs: {}, log_size: 0, live: live?.deployment ?? null };
  } catch (error) {
    const verdict = signal.aborted ? verdictOfAbort(signal.reason) : verdictOfError(error);
    log(verdict.reason ?? verdict.status);
    // No user can fix it, so a failure counts as Gantry's and is retried.
    const status = verdict.status === 'failed' ? 'errored' : verdict.status;
    return { verdict: { ...verdict, status }, outputs: {}, log_size: 0 };
  }
}

/** The deployment that the proxy serves; null if it serves none, or one that the reconciliation does not list. */
async function readServed(proxy: Proxy, wanted: Reconciliation): Promise<DeployOrder | null> {
  const service = await findService(proxy, serviceOf(wanted.app, wanted.environment));
  const alias = service?.target.split(':')[0];
  const known = [...(wanted.live === null ? [] : [wanted.live]), ...wanted.unresolved];
  return known.find(({ deployment }) => aliasOf(deployment) === alias) ?? null;
}

async function findService(proxy: Proxy, name: string): Promise<Service | undefined> {
  return (await proxy.list()).find((service) => service.name === name);
}

/**
 * Afterwards the live release's container runs, restarts by itself, and is what the proxy serves. Does nothing when the container does
 * not run and cannot be started, because a retry could not help.
 */
async function bringUp(
  deps: Pick<EngineDeps, 'docker' | 'config' | 'envelope'>,
  proxy: Proxy,
  live: DeployOrder,
  served: DeployOrder | null,
  log: (line: string) => void,
): Promise<void> {
  const { docker } = deps;
  const found = await docker.containers({ 'gantry.deployment': live.deployment });
  const running = found.find(({ state }) => state === 'running')?.id;
  if (running === undefined && live.problem !== null) {
    log(`The container of release ${live.release} does not run and cannot be started again: ${live.problem}`);
    return;
  }
  if (running === undefined) log(`The container of release ${live.release} does not run; starting it again`);
  const container = running ?? (await startRelease(deps, live));
  await docker.setRestartPolicy(container, 'unless-stopped');
  if (served?.deployment === live.deployment) return;
  log(`The proxy does not serve ${live.deployment}; adding it again`);
  await proxy.deploy(serviceSpec({ ...live, live: null }, live.config.processes.web.health.timeout));
}

/** Removes the environment's other containers, and gates without a candidate. */
async function removeStrays(
  docker: EngineDeps['docker'],
  proxy: Proxy,
  { app, environment }: Reconciliation,
  live: DeployOrder | null,
  log: (line: string) => void,
): Promise<void> {
  // Gates are read before containers: a gate is made after its candidate, so one without a candidate is stale.
  const gates = (await proxy.list()).filter(({ name }) => name.startsWith(GATE_PREFIX));
  const containers = await docker.containers({ 'gantry.app': app, 'gantry.environment': environment });
  for (const container of containers.filter((one) => deploymentOf(one) !== live?.deployment)) {
    log(`Removing ${container.name}: it is not live`);
    await docker.stop(container.id, live?.config.processes.web.stop_grace ?? 0);
    await docker.remove(container.id);
  }
  // A gate's name does not contain its environment, so the candidates of all environments count.
  const candidates = new Set((await docker.containers({})).map((container) => gateOf(deploymentOf(container))));
  for (const { name } of gates) if (!candidates.has(name)) await proxy.remove(name);
}

function deploymentOf({ labels }: Pick<Container, 'labels'>): string {
  return labels['gantry.deployment'] ?? '';
}

/** Kept releases and the live one have their tags; others lose them, and with them their images. */
async function updateTags(
  { docker, envelope: { installation } }: Pick<EngineDeps, 'docker' | 'envelope'>,
  { app, environment, keep }: Reconciliation,
  live: DeployOrder | null,
): Promise<void> {
  const kept = [...keep, ...(live === null ? [] : [live])].map(({ release, image_id }) => ({
    name: releaseImage(installation, app, environment, release),
    image_id,
  }));
  const tags = await docker.tags(releaseRepository(installation, app, environment));
  for (const { name, image_id } of kept)
    if (!tags.includes(name) && (await docker.image(image_id)) !== null) await docker.tag(image_id, name);
  const names = new Set(kept.map(({ name }) => name));
  for (const name of tags.filter((tag) => !names.has(tag))) await docker.untag(name);
}
