import type { DeployOrder } from '../../jobs/deploy/deployment.ts';
import type { EngineDeps } from '../engine-deps.ts';
import { aliasOf, appsNetwork, releaseContainer } from '../names.ts';

const LOG_BYTES = 10 * 1024 * 1024;

/** The address of a deployment in the network of the proxy and the apps. */
export function targetOf({ deployment, config }: DeployOrder): string {
  return `${aliasOf(deployment)}:${config.processes.web.port}`;
}

/**
 * Creates and starts a release's container, after removing what an earlier attempt left of this deployment. It publishes no port, and
 * restarts by itself only once it is live. It never has a job's labels, so cleaning up after jobs does not remove it.
 */
export async function startRelease(
  { docker, config, envelope }: Pick<EngineDeps, 'docker' | 'config' | 'envelope'>,
  order: DeployOrder,
): Promise<string> {
  const { app, environment } = order.config;
  const { web } = order.config.processes;
  const network = appsNetwork(envelope.installation);
  await docker.ensureNetwork({ name: network, open: true, labels: {} });
  for (const { id } of await docker.containers({ 'gantry.deployment': order.deployment })) await docker.remove(id);
  const container = await docker.create({
    name: releaseContainer(app, environment, order.deployment),
    image: order.image_id,
    labels: {
      'gantry.app': app,
      'gantry.environment': environment,
      'gantry.release': order.release,
      'gantry.deployment': order.deployment,
    },
    entrypoint: null,
    command: web.command,
    env: { ...config.proxy_env, ...order.env },
    cwd: null,
    user: null,
    network,
    aliases: [aliasOf(order.deployment)],
    mounts: [],
    limits: { cpus: web.cpus, memory: web.memory, pids: config.job_limits.pids },
    // Process 1 ignores SIGTERM unless it handles it; under an init any program receives it.
    init: true,
    privileges: 'app',
    restart: 'no',
    publish: [],
    log_bytes: LOG_BYTES,
  });
  try {
    await docker.start(container);
  } catch (error) {
    await docker.remove(container);
    throw error;
  }
  return container;
}
