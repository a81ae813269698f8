import { setTimeout as delay } from 'node:timers/promises';
import { unlessAborted } from '../../abort.ts';
import type { Container } from '../../deps.ts';
import { logLine } from '../execution/job-execution.ts';
import { endsAtOnce } from '../verdict.ts';
import { type Deployment, type LiveContainer, reportPhase } from './deployment.ts';

/** How much longer than its drain timeout the proxy may take to report the end of the drain, in milliseconds. */
const MARGIN = 5_000;

/**
 * Makes the live container permanent, and removes the old ones when their requests have ended. Never rejects, since the release is live
 * already: what fails or is interrupted is left to the environment's next reconciliation.
 */
export async function retire(deployment: Deployment, live: LiveContainer, old: Container[]): Promise<void> {
  const { execution, step, order } = deployment;
  const { docker, log } = execution.deps;
  try {
    await docker.setRestartPolicy(live.container, 'unless-stopped');
    if (old.length > 0) await reportPhase(deployment, 'drain', () => drain(deployment, live, old));
  } catch (error) {
    log.warn({ err: error, deployment: order.deployment }, 'removing the old release failed; a reconciliation retries');
    logLine(execution, step.number, 'Removing the old release failed; a reconciliation retries it');
  }
}

async function drain({ execution, order }: Deployment, { drained }: LiveContainer, old: Container[]): Promise<void> {
  const { docker } = execution.deps;
  const grace = order.live?.stop_grace ?? order.config.processes.web.stop_grace;
  const timeout = new AbortController();
  const timer = delay(grace + MARGIN, undefined, { signal: timeout.signal }).catch(() => {});
  const over = Promise.race([drained, timer]).then(() => true);
  // A request to cancel comes too late and does not shorten the drain; a worker that has to stop leaves the rest to a reconciliation.
  const ended =
    (await unlessAborted(over, execution.signal)) ??
    (!endsAtOnce(execution) && (await unlessAborted(over, execution.force)));
  timeout.abort();
  if (ended !== true) return;
  for (const { id } of old) {
    await docker.stop(id, grace);
    await docker.remove(id);
  }
}
