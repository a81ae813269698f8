import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Engine } from './connection.ts';

/** A request that dockerode has no method for. A path that ends in `?` gets the options as its query. */
export interface DialRequest {
  method: string;
  path: string;
  headers?: Record<string, string | string[]>;
  options?: object;
  file?: NodeJS.ReadableStream;
  abortSignal?: AbortSignal;
}

/** Resolves with the response as a stream. */
export function dialStream(engine: Engine, request: DialRequest): Promise<IncomingMessage> {
  return dial(engine, { ...request, isStream: true, statusCodes: { 200: true, 204: true } });
}

/** Resolves with the connection itself, after the Engine's response. */
export function dialSocket(engine: Engine, request: DialRequest): Promise<Socket> {
  return dial(engine, { ...request, hijack: true, statusCodes: {} });
}

function dial<T>(engine: Engine, request: DialRequest & ResponseOptions): Promise<T> {
  return new Promise((resolve, reject) => {
    engine.streams.modem.dial(request, (error, response) => (error ? reject(error) : resolve(response as T)));
  });
}

/** How docker-modem returns the response. */
interface ResponseOptions {
  isStream?: boolean;
  hijack?: boolean;
  statusCodes: Record<number, boolean>;
}
