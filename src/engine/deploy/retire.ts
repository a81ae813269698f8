import { setTimeout as delay } from 'node:timers/promises';
import { unlessAborted } from '../../abort.ts';
import type { Container } from '../../deps.ts';
import type { DeployOrder } from '../../jobs/deploy/deployment.ts';
import type { EngineDeps } from '../engine-deps.ts';
import { say } from '../job/job-execution.ts';
import { endsAtOnce } from '../verdict.ts';
import type { Deployment, Live } from './deploy.ts';
import { phased } from './phase.ts';

/** The containers of an environment but the order's own. */
export async function othersOf({ docker }: EngineDeps, { config, deployment }: DeployOrder): Promise<Container[]> {
  const all = await docker.containers({ 'gantry.app': config.app, 'gantry.environment': config.environment });
  return all.filter(({ labels }) => labels['gantry.deployment'] !== deployment);
}

/** After the drain's own time the proxy gets so much more to say that it is over. */
const MARGIN = 5_000;

/**
 * Makes the live one stay, lets the old ones finish what they have in hand, and removes them. The deployment is live whatever becomes of
 * this: what is left undone, because it failed or because there is no time, the environment's next reconciliation does.
 */
export async function retire(deployment: Deployment, live: Live, old: Container[]): Promise<void> {
  const { attempt, turn, order } = deployment;
  const { docker, log } = attempt.deps;
  try {
    await docker.setRestartPolicy(live.container, 'unless-stopped');
    if (old.length > 0) await phased(attempt, order.deployment, 'drain', () => drain(deployment, live, old));
  } catch (error) {
    log.warn({ err: error, deployment: order.deployment }, 'what a deployment replaced is not cleaned up yet');
    say(attempt, turn.number, 'The old release is not cleaned up yet; that is tried again');
  }
}

async function drain({ attempt, order }: Deployment, { drained }: Live, old: Container[]): Promise<void> {
  const { docker } = attempt.deps;
  const grace = order.live?.stop_grace ?? order.config.processes.web.stop_grace;
  const rest = new AbortController();
  const timer = delay(grace + MARGIN, undefined, { signal: rest.signal }).catch(() => {});
  const over = Promise.race([drained, timer]).then(() => true);
  // A wish to cancel comes too late and waits with us; a worker that has to go leaves the rest to others.
  const ended =
    (await unlessAborted(over, attempt.signal)) ?? (!endsAtOnce(attempt) && (await unlessAborted(over, attempt.force)));
  rest.abort();
  if (ended !== true) return;
  for (const { id } of old) {
    await docker.stop(id, grace);
    await docker.remove(id);
  }
}
