import type { Container, Proxy, Service } from '../../deps.ts';
import type { DeployOrder, Reconciliation } from '../../jobs/deploy/deployment.ts';
import type { Finished } from '../../jobs/protocol/event.ts';
import type { EnvironmentGrant } from '../../jobs/protocol/grant.ts';
import type { EngineDeps } from '../engine-deps.ts';
import type { EventReporter } from '../event-reporter.ts';
import { aliasOf, GATES, gateOf, serviceOf } from '../names.ts';
import { SUCCESS, verdictOfAbort, verdictOfError } from '../verdict.ts';
import { ensureProxy } from './proxy-container.ts';
import { startRelease } from './release-container.ts';
import { tidyImages } from './release-images.ts';
import { serviceSpec } from './traffic.ts';

/**
 * Makes an environment what SQL says it is, where the proxy does not say otherwise: reads which deployment is live, brings that up again
 * where Docker or the proxy has lost it, and removes what nobody owns. Harmless to repeat. Never rejects.
 */
export async function reconcileEnvironment(
  deps: EngineDeps,
  grant: EnvironmentGrant,
  reporter: EventReporter,
  signal: AbortSignal,
): Promise<Finished> {
  const { reconciliation } = grant;
  const say = (line: string) => reporter.log.write(0, 'system', `${line}\n`);
  try {
    const proxy = deps.proxy(await ensureProxy(deps));
    const served = await readServed(proxy, reconciliation);
    signal.throwIfAborted();
    const live = served ?? reconciliation.live;
    if (live !== null) reporter.log.mask(live.masks);
    if (live !== null) await bringUp(deps, proxy, live, served, say);
    signal.throwIfAborted();
    await removeStrays(deps, proxy, reconciliation, live, say);
    await tidyImages(deps, reconciliation, live);
    return { verdict: SUCCESS, outputs: {}, log_size: 0, live: live?.deployment ?? null };
  } catch (error) {
    const verdict = signal.aborted ? verdictOfAbort(signal.reason) : verdictOfError(error);
    say(verdict.reason ?? verdict.status);
    // Nobody's work failed here: what could not be put right is tried again.
    const status = verdict.status === 'failed' ? 'errored' : verdict.status;
    return { verdict: { ...verdict, status }, outputs: {}, log_size: 0 };
  }
}

/** The known deployment that the proxy serves; null when it serves none, or one that is not in the reconciliation. */
async function readServed(proxy: Proxy, wanted: Reconciliation): Promise<DeployOrder | null> {
  const service = await findService(proxy, serviceOf(wanted.app, wanted.environment));
  const alias = service?.target.split(':')[0];
  const known = [...(wanted.live === null ? [] : [wanted.live]), ...wanted.unresolved];
  return known.find(({ deployment }) => aliasOf(deployment) === alias) ?? null;
}

async function findService(proxy: Proxy, name: string): Promise<Service | undefined> {
  return (await proxy.list()).find((service) => service.name === name);
}

/** Its container runs, stays, and is what the proxy serves. */
async function bringUp(
  deps: EngineDeps,
  proxy: Proxy,
  live: DeployOrder,
  served: DeployOrder | null,
  say: (line: string) => void,
): Promise<void> {
  const { docker } = deps;
  const found = await docker.containers({ 'gantry.deployment': live.deployment });
  const running = found.find(({ state }) => state === 'running')?.id;
  if (running === undefined) say(`Starting release ${live.release} again: its container does not run`);
  const container = running ?? (await startRelease(deps, live));
  await docker.setRestartPolicy(container, 'unless-stopped');
  if (served?.deployment === live.deployment) return;
  say(`The proxy does not serve ${live.deployment}; telling it again`);
  await proxy.deploy(serviceSpec({ ...live, live: null }, live.config.processes.web.health.timeout));
}

/** Containers of this environment and gates that nobody is at work on. */
async function removeStrays(
  { docker }: EngineDeps,
  proxy: Proxy,
  wanted: Reconciliation,
  live: DeployOrder | null,
  say: (line: string) => void,
): Promise<void> {
  // Gates are read before containers: a gate is made after its candidate, so one without is nobody's.
  const gates = (await proxy.list()).filter(({ name }) => name.startsWith(GATES));
  const here = await docker.containers({ 'gantry.app': wanted.app, 'gantry.environment': wanted.environment });
  for (const container of here.filter(({ labels }) => deploymentOf({ labels }) !== live?.deployment)) {
    say(`Removing ${container.name}: it does not serve`);
    await docker.stop(container.id, live?.config.processes.web.stop_grace ?? 0);
    await docker.remove(container.id);
  }
  for (const { name } of gates) if (await isStale(docker, name)) await proxy.remove(name);
}

function deploymentOf({ labels }: Pick<Container, 'labels'>): string {
  return labels['gantry.deployment'] ?? '';
}

/** Gates carry no environment in their names; a candidate that another environment tries has a container that is not ours to judge. */
async function isStale(docker: EngineDeps['docker'], gate: string): Promise<boolean> {
  const all = await docker.containers({});
  return !all.some((container) => gateOf(deploymentOf(container)) === gate);
}
