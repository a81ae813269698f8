import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import type { ServerDeps } from '../deps.ts';
import { CodedError } from '../error.ts';
import { buildApp } from './app.ts';

/** The open door. */
export interface HttpServer {
  host: string;
  port: number;
  /** Takes nothing new, ends streams, lets requests finish for at most `config.shutdown_timeout`; then cuts what is left. */
  close(): Promise<void>;
}

/** The address cannot be listened on; the message says what to do. */
class ListenError extends CodedError<'listen'> {
  constructor(message: string, options?: ErrorOptions) {
    super('listen', message, options);
  }
}

/** Milliseconds; a request that comes in slower than this is cut, so that nobody holds sockets for nothing. */
const TIMEOUTS = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  keepAliveTimeout: 10_000,
  connectionsCheckingInterval: 5000,
};

export async function serve(deps: ServerDeps): Promise<HttpServer> {
  const { host, port, shutdown_timeout } = deps.config;
  const draining = new AbortController();
  const server = createAdaptorServer({
    fetch: buildApp(deps, draining.signal).fetch,
    createServer,
    serverOptions: TIMEOUTS,
  }) as Server;
  server.listen(port, host);
  await once(server, 'listening').catch((cause: NodeJS.ErrnoException) => {
    throw new ListenError(explain(cause, host, port), { cause });
  });

  let closing: Promise<void> | null = null;
  return {
    host,
    port: (server.address() as AddressInfo).port,
    close() {
      draining.abort();
      closing ??= closeServer(server, shutdown_timeout);
      return closing;
    },
  };
}

/** Connections that fall idle while it closes would stay open until their keep-alive ends. */
async function closeServer(server: Server, patience: number): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  const idle = setInterval(() => server.closeIdleConnections(), 50);
  const cut = setTimeout(() => server.closeAllConnections(), patience);
  await closed;
  clearInterval(idle);
  clearTimeout(cut);
}

function explain({ code, message }: NodeJS.ErrnoException, host: string, port: number): string {
  if (code === 'EADDRINUSE') return `${host}:${port} is taken by another process: stop it, or set GANTRY_PORT`;
  if (code === 'EACCES') return `this user may not listen on ${host}:${port}: set GANTRY_PORT to one above 1023`;
  if (code === 'EADDRNOTAVAIL') return `${host} is no address of this machine: set GANTRY_HOST`;
  return `cannot listen on ${host}:${port}: ${message}`;
}
