import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { unlessAborted } from '../../abort.ts';
import type { Proxy } from '../../deps.ts';
import { hasCode } from '../../error.ts';
import type { DeployOrder } from '../../jobs/deploy/deployment.ts';
import type { EngineDeps } from '../engine-deps.ts';
import { gateOf } from '../names.ts';
import { UserError } from '../user-error.ts';
import { targetOf } from './release-container.ts';

/** A release may be slow to start, but not without end: at least so long is it looked at. */
const SHORTEST = 1_000;

/**
 * Resolves when the candidate is healthy, as the proxy sees it: through a shadow service with a host that nobody can guess, so that the
 * live one is never touched. Rejects as soon as the candidate exits, when its time (`elapsed` counts) is over, or with `signal.reason`.
 */
export async function passGate(
  { docker, now }: EngineDeps,
  proxy: Proxy,
  order: DeployOrder,
  candidate: { container: string; started_at: number },
  signal: AbortSignal,
): Promise<void> {
  const { health } = order.config.processes.web;
  const gating = proxy.deploy({
    name: gateOf(order.deployment),
    hosts: [`${randomBytes(16).toString('hex')}.invalid`],
    target: targetOf(order),
    health_path: health.path,
    health_interval: health.interval,
    deploy_timeout: Math.max(SHORTEST, health.timeout - (now() - candidate.started_at)),
    drain_timeout: SHORTEST,
  });
  const over = new AbortController();
  const exit = docker.wait(candidate.container, over.signal).then(({ exit_code, oom_killed }) => {
    throw new UserError(
      `the new release ended with code ${exit_code}${oom_killed ? ', out of memory,' : ''} before it was healthy`,
    );
  });
  exit.catch(() => {});
  try {
    const healthy = gating.then(
      () => true,
      (error: unknown) => Promise.reject(inWords(error, health)),
    );
    healthy.catch(() => {});
    const passed = await unlessAborted(Promise.race([healthy, exit]), signal);
    if (passed === null) throw signal.reason;
  } catch (error) {
    undoLater(gating, proxy, order.deployment);
    throw error;
  } finally {
    over.abort();
  }
}

/** The proxy speaks of the shadow service, which is nothing that people know. */
function inWords(error: unknown, health: { path: string; timeout: number }): unknown {
  if (!hasCode(error, 'unhealthy')) return error;
  return new UserError(`the new release was not healthy at ${health.path} within ${health.timeout / 1000} s`);
}

/**
 * The proxy goes on asking until the gate's time is over, and nothing can call it off. A removed candidate's address may be given to the next
 * container, whose answer then passes for the candidate's: what comes of that goes again. Should this worker be gone by then, the
 * environment's reconciliation finds it.
 */
function undoLater(gating: Promise<void>, proxy: Proxy, deployment: string): void {
  gating.then(() => removeGate(proxy, deployment)).catch(() => {});
}

/** The proxy's own `deploy` outlives its caller, so what it still does after the candidate's end is undone too. */
export async function removeGate(proxy: Proxy, deployment: string): Promise<void> {
  const gate = gateOf(deployment);
  for (let looks = 0; looks < 3; looks++) {
    const services = await proxy.list();
    if (services.some(({ name }) => name === gate)) await proxy.remove(gate);
    else if (looks > 0) return;
    await delay(100);
  }
}
