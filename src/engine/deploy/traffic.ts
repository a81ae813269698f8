import { setTimeout as delay } from 'node:timers/promises';
import type { Proxy } from '../../deps.ts';
import { CodedError } from '../../error.ts';
import type { DeployOrder } from '../../jobs/deploy/deployment.ts';
import { serviceOf } from '../names.ts';
import { targetOf } from './release-container.ts';

/** The candidate is healthy already, so the proxy needs no more to find that again. */
const DEPLOY_TIMEOUT = 3_000;
/** What the proxy and the Engine need on top before an outcome is called unknown. */
const MARGIN = 10_000;
const LOOK = 50;

/** How a switch came out. `drained` resolves when the proxy is done with what was there before; it never rejects. */
export type Switched =
  | { live: true; drained: Promise<void> }
  /** The proxy refused it, with this error, or someone wanted an end before it was done. */
  | { live: false; error: unknown };

/** Nobody can say whether the release is live: the proxy does not answer. What is there stays as it is. */
export class UnknownOutcome extends CodedError<'unknown_outcome'> {
  constructor(message: string, options?: ErrorOptions) {
    super('unknown_outcome', message, options);
  }
}

/**
 * Moves an environment's traffic to the order's target. What `list` names is live, whatever else we believe; the command's own end is only
 * the drain's end. On abort `abandon` takes the candidate away, the proxy's time is waited out, and then `list` says what came of it.
 */
export async function switchTraffic(
  proxy: Proxy,
  order: DeployOrder,
  abandon: () => Promise<void>,
  signal: AbortSignal,
): Promise<Switched> {
  const command = follow(proxy.deploy(serviceSpec(order)));
  const end = Date.now() + DEPLOY_TIMEOUT + MARGIN;
  let abandoned = false;
  for (; Date.now() < end; await delay(LOOK)) {
    const ended = command.ended;
    if (await isServed(proxy, order)) return { live: true, drained: command.done };
    if (ended !== null) return { live: false, error: abandoned ? signal.reason : (ended.error ?? notTaken(order)) };
    if (!signal.aborted || abandoned) continue;
    abandoned = true;
    await abandon();
  }
  return { live: false, error: abandoned ? signal.reason : notTaken(order) };
}

/** Whether the proxy serves this deployment now. Throws `UnknownOutcome` when it does not answer for a while. */
export async function isServed(proxy: Proxy, order: DeployOrder): Promise<boolean> {
  const name = serviceOf(order.config.app, order.config.environment);
  for (const end = Date.now() + MARGIN; ; await delay(500)) {
    try {
      const services = await proxy.list();
      return services.some((service) => service.name === name && service.target === targetOf(order));
    } catch (error) {
      if (Date.now() > end) throw new UnknownOutcome('the proxy does not say what it serves', { cause: error });
    }
  }
}

/** The real service of an environment. */
export function serviceSpec(order: DeployOrder, deploy_timeout = DEPLOY_TIMEOUT) {
  const { app, environment } = order.config;
  const { web } = order.config.processes;
  return {
    name: serviceOf(app, environment),
    hosts: web.hosts,
    target: targetOf(order),
    health_path: web.health.path,
    health_interval: web.health.interval,
    deploy_timeout,
    drain_timeout: order.live?.stop_grace ?? web.stop_grace,
  };
}

function follow(command: Promise<void>): { ended: { error: unknown } | null; done: Promise<void> } {
  const state: { ended: { error: unknown } | null; done: Promise<void> } = { ended: null, done: Promise.resolve() };
  state.done = command.then(
    () => void (state.ended = { error: null }),
    (error: unknown) => void (state.ended = { error }),
  );
  return state;
}

function notTaken({ config }: DeployOrder): Error {
  return new Error(`the proxy did not take the new release of ${config.app} for ${config.environment}`);
}
