import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import type { ServerDeps } from '../deps.ts';
import { buildApp } from './app.ts';

/** The open door. */
export interface Door {
  host: string;
  port: number;
  /** Takes nothing new, ends streams, lets requests finish for at most `config.shutdown_timeout`; then cuts what is left. */
  close(): Promise<void>;
}

/** The address cannot be listened on; the message says what to do. */
export class DoorError extends Error {
  override readonly name = 'DoorError';
  readonly code = 'door';
}

/** Milliseconds; a request that comes in slower than this is cut, so that nobody holds sockets for nothing. */
const TIMEOUTS = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  keepAliveTimeout: 10_000,
  connectionsCheckingInterval: 5000,
};

export async function serve(deps: ServerDeps): Promise<Door> {
  const { host, port, shutdown_timeout } = deps.config;
  const draining = new AbortController();
  const server = createAdaptorServer({
    fetch: buildApp(deps, draining.signal).fetch,
    createServer,
    serverOptions: TIMEOUTS,
  }) as ReturnType<typeof createServer>;
  server.listen(port, host);
  await once(server, 'listening').catch((cause: NodeJS.ErrnoException) => {
    throw new DoorError(explain(cause, host, port), { cause });
  });

  return {
    host,
    port: (server.address() as AddressInfo).port,
    async close() {
      draining.abort();
      const closed = once(server, 'close');
      server.close();
      const timer = setTimeout(() => server.closeAllConnections(), shutdown_timeout);
      await closed;
      clearTimeout(timer);
    },
  };
}

function explain({ code, message }: NodeJS.ErrnoException, host: string, port: number): string {
  if (code === 'EADDRINUSE') return `${host}:${port} is taken by another process: stop it, or set GANTRY_PORT`;
  if (code === 'EACCES') return `this user may not listen on ${host}:${port}: set GANTRY_PORT to one above 1023`;
  if (code === 'EADDRNOTAVAIL') return `${host} is no address of this machine: set GANTRY_HOST`;
  return `cannot listen on ${host}:${port}: ${message}`;
}
