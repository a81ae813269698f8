import { setTimeout as delay } from 'node:timers/promises';
import type { Container } from '../../deps.ts';
import { CodedError, hasCode, messageOf } from '../../error.ts';
import type { EngineDeps } from '../engine-deps.ts';
import { appsNetwork, proxyContainer } from '../names.ts';

/** The dependencies that `ensureProxy` uses. */
export type ProxyDeps = Pick<EngineDeps, 'docker' | 'proxy' | 'config' | 'envelope' | 'log'>;

const IMAGE = 'basecamp/kamal-proxy:v0.9.2';
const STATE = '/home/kamal-proxy/.config/kamal-proxy';
const START_TIMEOUT = 30_000;

/** The proxy's container cannot be started; the message contains advice. */
class ProxyUnavailable extends CodedError<'proxy_unavailable'> {
  constructor(message: string, options?: ErrorOptions) {
    super('proxy_unavailable', message, options);
  }
}

/** Starts the proxy's container, with the configured ports, unless it runs; resolves to its ID. Workers may call this at the same time. */
export async function ensureProxy(deps: ProxyDeps): Promise<string> {
  const { docker, envelope } = deps;
  const network = appsNetwork(envelope.installation);
  await docker.ensureNetwork({ name: network, open: true, labels: {} });
  await docker.ensureVolume(proxyContainer(envelope.installation));
  const image = await proxyImage(deps);
  const wanted = { 'gantry.proxy': 'true', 'gantry.proxy.ports': portsOf(deps), 'gantry.proxy.image': image };
  for (const end = Date.now() + START_TIMEOUT; ; await delay(200)) {
    const found = await find(deps, wanted);
    if (found?.state === 'running' && (await answers(deps, found.id))) return found.id;
    const container = found?.id ?? (await create(deps, image, network, wanted));
    // Null: another worker created it first; the next round finds it.
    if (container !== null && found?.state !== 'running') await start(deps, container, found === null);
    if (Date.now() > end)
      throw new ProxyUnavailable('The proxy’s container does not keep running; look at its log (`docker logs`)');
  }
}

/** The proxy's container, or null. One with other ports or another image is removed. */
async function find({ docker }: Pick<ProxyDeps, 'docker'>, wanted: Record<string, string>): Promise<Container | null> {
  const [found] = await docker.containers({ 'gantry.proxy': 'true' });
  if (found === undefined) return null;
  if (Object.entries(wanted).every(([name, value]) => found.labels[name] === value)) return found;
  await docker.remove(found.id);
  return null;
}

async function create(deps: ProxyDeps, image: string, network: string, labels: Record<string, string>) {
  const { config, docker, envelope } = deps;
  const name = proxyContainer(envelope.installation);
  try {
    return await docker.create({
      name,
      image,
      labels,
      entrypoint: null,
      command: null,
      env: {},
      cwd: null,
      user: null,
      network,
      aliases: [],
      mounts: [{ source: name, target: STATE, kind: 'volume', read_only: false }],
      limits: { cpus: null, memory: null, pids: null },
      init: false,
      privileges: 'proxy',
      restart: 'unless-stopped',
      publish: [
        { container_port: 80, host_port: config.proxy_http_port, protocol: 'tcp' },
        { container_port: 443, host_port: config.proxy_https_port, protocol: 'tcp' },
      ],
      log_bytes: LOG_BYTES,
    });
  } catch (error) {
    if (hasCode(error, 'conflict')) return null;
    throw error;
  }
}

const LOG_BYTES = 10 * 1024 * 1024;

/** A port conflict shows only at the start. A container that was just created is removed again. */
async function start(
  { docker, config }: Pick<ProxyDeps, 'docker' | 'config'>,
  container: string,
  isNew: boolean,
): Promise<void> {
  try {
    await docker.start(container);
  } catch (error) {
    if ((await docker.inspect(container)) === null) return;
    if (isNew) await docker.remove(container);
    const { proxy_http_port: http, proxy_https_port: https } = config;
    throw new ProxyUnavailable(
      `The proxy cannot start: ${messageOf(error)}. If port ${http} or ${https} is taken, ` +
        'free it, or choose others with GANTRY_PROXY_HTTP_PORT and GANTRY_PROXY_HTTPS_PORT',
      { cause: error },
    );
  }
}

/** The proxy listens only a moment after its container has started. */
async function answers(deps: Pick<ProxyDeps, 'proxy'>, container: string): Promise<boolean> {
  return deps
    .proxy(container)
    .list()
    .then(
      () => true,
      () => false,
    );
}

async function proxyImage({ docker, log }: Pick<ProxyDeps, 'docker' | 'log'>): Promise<string> {
  const local = await docker.image(IMAGE);
  if (local !== null) return local.id;
  const progress = (line: string) => log.info({ image: IMAGE }, line);
  return (await docker.pull(IMAGE, { progress, signal: AbortSignal.timeout(PULL_TIMEOUT) })).id;
}

const PULL_TIMEOUT = 10 * 60_000;

function portsOf({ config }: Pick<ProxyDeps, 'config'>): string {
  return `${config.proxy_http_port},${config.proxy_https_port}`;
}
