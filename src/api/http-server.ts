import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import type { ServerDeps } from '../deps.ts';
import { CodedError } from '../error.ts';
import { buildApp } from './app.ts';

/** A listening HTTP server. */
export interface HttpServer {
  host: string;
  port: number;
  /** Stops accepting connections, ends streams and waits up to `config.shutdown_timeout` for requests; then closes what is still open. */
  close(): Promise<void>;
}

/** The server cannot listen on its address. The message says what to do. */
class ListenError extends CodedError<'listen'> {
  constructor(message: string, options?: ErrorOptions) {
    super('listen', message, options);
  }
}

/** In milliseconds. Slow requests are cut off, so that a client cannot occupy sockets without using them. */
const TIMEOUTS = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  keepAliveTimeout: 10_000,
  connectionsCheckingInterval: 5000,
};

/** Rejects with code `listen` when the address cannot be used. */
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

/** Also closes connections that become idle meanwhile; they would otherwise stay open until their keep-alive timeout. */
async function closeServer(server: Server, timeout: number): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  const idle = setInterval(() => server.closeIdleConnections(), 50);
  const cut = setTimeout(() => server.closeAllConnections(), timeout);
  await closed;
  clearInterval(idle);
  clearTimeout(cut);
}

function explain({ code, message }: NodeJS.ErrnoException, host: string, port: number): string {
  if (code === 'EADDRINUSE')
    return `${host}:${port} is already in use: stop the process that listens there, or set GANTRY_PORT`;
  if (code === 'EACCES')
    return `this user is not allowed to listen on ${host}:${port}: set GANTRY_PORT to a port above 1023`;
  if (code === 'EADDRNOTAVAIL') return `${host} is not an address of this machine: set GANTRY_HOST`;
  return `cannot listen on ${host}:${port}: ${message}`;
}
