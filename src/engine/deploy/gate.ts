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

/** A candidate is tested for at least this long, in milliseconds, even if starting it took most of its time. */
const MINIMUM_TIMEOUT = 1_000;

/**
 * Resolves when the proxy finds the candidate healthy, through a separate service under a host name that cannot be guessed; the live service
 * is not affected. Rejects when the candidate exits, when the health timeout since its start is over, or with `signal.reason`.
 */
export async function passGate(
  { docker, now }: Pick<EngineDeps, 'docker' | 'now'>,
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
    deploy_timeout: Math.max(MINIMUM_TIMEOUT, health.timeout - (now() - candidate.started_at)),
    drain_timeout: MINIMUM_TIMEOUT,
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
      (error: unknown) => Promise.reject(explain(error, health)),
    );
    healthy.catch(() => {});
    const passed = await unlessAborted(Promise.race([healthy, exit]), signal);
    if (passed === null) throw signal.reason;
  } catch (error) {
    removeLater(gating, proxy, order.deployment);
    throw error;
  } finally {
    over.abort();
  }
}

/** The proxy's own error names the gate's service, which means nothing to the user. */
function explain(error: unknown, health: { path: string; timeout: number }): unknown {
  if (!hasCode(error, 'unhealthy')) return error;
  return new UserError(`the new release was not healthy at ${health.path} within ${health.timeout / 1000} s`);
}

/**
 * The proxy keeps checking until the gate's timeout; nothing can stop it. The next container may get the address of a removed candidate and
 * pass the gate, so the gate is removed again at the end. If this worker has stopped by then, a reconciliation removes it.
 */
function removeLater(gating: Promise<void>, proxy: Proxy, deployment: string): void {
  gating.then(() => removeGate(proxy, deployment)).catch(() => {});
}

/** The proxy's `deploy` outlives its caller and may still add the gate, so this checks again after the removal. */
export async function removeGate(proxy: Proxy, deployment: string): Promise<void> {
  const gate = gateOf(deployment);
  for (let checks = 0; checks < 3; checks++) {
    const services = await proxy.list();
    if (services.some(({ name }) => name === gate)) await proxy.remove(gate);
    else if (checks > 0) return;
    await delay(100);
  }
}
