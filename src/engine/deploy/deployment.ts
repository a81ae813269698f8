import type { Container, Proxy } from '../../deps.ts';
import type { DeployOrder } from '../../jobs/deploy/deployment.ts';
import type { EngineDeps } from '../engine-deps.ts';
import type { JobExecution } from '../execution/job-execution.ts';
import type { RunningStep } from '../execution/step.ts';

/** A deployment while its deploy step runs. */
export interface Deployment {
  execution: JobExecution;
  step: RunningStep;
  order: DeployOrder;
  proxy: Proxy;
  /** The candidate that this attempt started; null before that. What another attempt started is never removed here. */
  container: string | null;
}

/** A release that has the environment's traffic. */
export interface LiveContainer {
  container: string;
  /** Resolves when requests to the release before it have ended; never rejects. */
  drained: Promise<void>;
}

/** Reports a phase of a deployment at its start and at its end. */
export async function reportPhase<T>(
  { execution: { reporter, deps }, order }: Pick<Deployment, 'execution' | 'order'>,
  name: string,
  work: () => Promise<T>,
): Promise<T> {
  const started_at = deps.now();
  const report = (finished_at: number | null) =>
    reporter.emit({ type: 'phase', data: { deployment: order.deployment, name, started_at, finished_at } });
  await report(null);
  try {
    return await work();
  } finally {
    await report(deps.now());
  }
}

/** The environment's containers except the order's own. */
export async function otherContainers(
  docker: EngineDeps['docker'],
  { config, deployment }: DeployOrder,
): Promise<Container[]> {
  const all = await docker.containers({ 'gantry.app': config.app, 'gantry.environment': config.environment });
  return all.filter(({ labels }) => labels['gantry.deployment'] !== deployment);
}
