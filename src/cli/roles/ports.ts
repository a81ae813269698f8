import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { Config } from '../../config.ts';
import type { Checks } from '../../deps.ts';
import { hasCode } from '../../error.ts';
import { CliError } from '../terminal/exit.ts';

/** Each proxy port must be free or already in use by our own proxy. The server itself checks the port of the API. */
export async function requireFreePorts(config: Config, checks: Pick<Checks, 'docker'>): Promise<void> {
  for (const { port, variable } of proxyPorts(config))
    if (port !== 0 && !(await isOurProxyPort(port, checks)) && !(await isFree(port)))
      throw new CliError(
        'failed',
        `port ${port}, which the proxy of deployed apps needs, is in use by another program`,
        `Stop that program (to find it, run: ss -ltnp 'sport = :${port}'), or choose another port, for example: ${variable}=${port + 8001} gantry up`,
      );
}

export function proxyPorts(config: Config): { port: number; variable: string }[] {
  return [
    { port: config.proxy_http_port, variable: 'GANTRY_PROXY_HTTP_PORT' },
    { port: config.proxy_https_port, variable: 'GANTRY_PROXY_HTTPS_PORT' },
  ];
}

export async function isOurProxyPort(port: number, checks: Pick<Checks, 'docker'>): Promise<boolean> {
  const proxies = await checks.docker.containers({ 'gantry.proxy': 'true' });
  return proxies.some(({ published }) => published.some(({ host_port }) => host_port === port));
}

export async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen({ port, host: '0.0.0.0', exclusive: true });
    await once(server, 'listening');
    return true;
  } catch (error) {
    // Only root may bind this port. Docker can, so it is free unless something answers on it.
    if (hasCode(error, 'EACCES')) return !(await acceptsConnections(port));
    return false;
  } finally {
    server.close();
  }
}

async function acceptsConnections(port: number): Promise<boolean> {
  const socket = connect({ port, host: '127.0.0.1', timeout: 2000 });
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
