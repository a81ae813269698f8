import { setTimeout as delay } from 'node:timers/promises';
import type { Proxy } from '../../deps.ts';
import { CodedError } from '../../error.ts';
import type { DeployOrder } from '../../jobs/deploy/deployment.ts';
import { serviceOf } from '../names.ts';
import { targetOf } from './release-container.ts';

/** In milliseconds. Short, because the gate has found the candidate healthy. */
const DEPLOY_TIMEOUT = 3_000;
/** How long the proxy and the Engine may take beyond that before the outcome is unknown. */
const MARGIN = 10_000;
const POLL_INTERVAL = 50;

/** `drained` resolves when requests to the release before have ended; it never rejects. */
export type Switched =
  | { live: true; drained: Promise<void> }
  /** The proxy's error, or the reason of the abort. */
  | { live: false; error: unknown };

/** The proxy does not answer, so the release may be live or not. Its container must stay. */
export class UnknownOutcome extends CodedError<'unknown_outcome'> {
  constructor(message: string, options?: ErrorOptions) {
    super('unknown_outcome', message, options);
  }
}

/**
 * Switches an environment's traffic to the order's target. The target that the proxy lists is live; the end of its `deploy` command is only
 * the end of the drain. On abort, `abandon` removes the candidate; the list still decides, once the command has ended.
 */
export async function switchTraffic(
  proxy: Proxy,
  order: DeployOrder,
  abandon: () => Promise<void>,
  signal: AbortSignal,
): Promise<Switched> {
  const command = watch(proxy.deploy(serviceSpec(order)));
  const end = Date.now() + DEPLOY_TIMEOUT + MARGIN;
  let abandoned = false;
  for (; Date.now() < end; await delay(POLL_INTERVAL)) {
    const ended = command.ended;
    if (await isServed(proxy, order)) return { live: true, drained: command.done };
    if (ended !== null) return { live: false, error: abandoned ? signal.reason : (ended.error ?? notSwitched(order)) };
    if (!signal.aborted || abandoned) continue;
    abandoned = true;
    await abandon();
  }
  return { live: false, error: abandoned ? signal.reason : notSwitched(order) };
}

/** Whether the proxy serves this deployment now. Throws `UnknownOutcome` when it does not answer for a while. */
export async function isServed(proxy: Proxy, order: DeployOrder): Promise<boolean> {
  const name = serviceOf(order.config.app, order.config.environment);
  for (const end = Date.now() + MARGIN; ; await delay(500)) {
    try {
      const services = await proxy.list();
      return services.some((service) => service.name === name && service.target === targetOf(order));
    } catch (error) {
      if (Date.now() > end)
        throw new UnknownOutcome('the proxy does not answer, so it is unknown which release is live', { cause: error });
    }
  }
}

/** The environment's service in the proxy. */
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

function watch(command: Promise<void>): { ended: { error: unknown } | null; done: Promise<void> } {
  const state: { ended: { error: unknown } | null; done: Promise<void> } = { ended: null, done: Promise.resolve() };
  state.done = command.then(
    () => void (state.ended = { error: null }),
    (error: unknown) => void (state.ended = { error }),
  );
  return state;
}

function notSwitched({ config }: DeployOrder): CodedError {
  return new CodedError(
    'not_switched',
    `the proxy did not switch ${config.environment} of ${config.app} to the new release`,
  );
}
