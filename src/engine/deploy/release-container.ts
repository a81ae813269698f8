import type { DeployOrder } from '../../jobs/deploy/deployment.ts';
import type { EngineDeps } from '../engine-deps.ts';
import { aliasOf, appsNetwork, releaseContainer } from '../names.ts';

const LOG_BYTES = 10 * 1024 * 1024;

/** Where the proxy finds a deployment: its alias on the network of proxy and apps. */
export function targetOf({ deployment, config }: DeployOrder): string {
  return `${aliasOf(deployment)}:${config.processes.web.port}`;
}

/**
 * A release's container, started anew: what an attempt before left under this deployment is removed first. It publishes no port and
 * does not start again by itself until it is live. Its labels never are a job's, so nothing but a deployment removes it.
 */
export async function startRelease({ docker, config, envelope }: EngineDeps, order: DeployOrder): Promise<string> {
  const { app, environment } = order.config;
  const { web } = order.config.processes;
  const network = appsNetwork(envelope.installation);
  await docker.network({ name: network, open: true, labels: {} });
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
    // Programs that were not written to be process 1 then hear SIGTERM too.
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
