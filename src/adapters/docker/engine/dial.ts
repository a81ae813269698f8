import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Engine } from './connection.ts';

/** A request that dockerode has no verb for; a path that ends in `?` gets the options as its query. */
export interface DialRequest {
  method: string;
  path: string;
  headers?: Record<string, string | string[]>;
  options?: object;
  file?: NodeJS.ReadableStream;
  abortSignal?: AbortSignal;
}

/** The answer as it streams in. */
export function dialStream(engine: Engine, request: DialRequest): Promise<IncomingMessage> {
  return dial(engine, { ...request, isStream: true, statusCodes: { 200: true, 204: true } });
}

/** The connection itself, the caller's from the Engine's answer on. */
export function dialSocket(engine: Engine, request: DialRequest): Promise<Socket> {
  return dial(engine, { ...request, hijack: true, statusCodes: {} });
}

function dial<T>(engine: Engine, request: DialRequest & Answer): Promise<T> {
  return new Promise((resolve, reject) => {
    engine.streams.modem.dial(request, (error, answer) => (error ? reject(error) : resolve(answer as T)));
  });
}

/** docker-modem's ways to answer. */
interface Answer {
  isStream?: boolean;
  hijack?: boolean;
  statusCodes: Record<number, boolean>;
}
