import type { z } from 'zod';
import { hasCode, messageOf } from '../../error.ts';
import { CliError } from '../terminal/exit.ts';
import { toCliError } from './api-error.ts';
import type { ServerAddress } from './server-address.ts';

/** In milliseconds. Registering a repository takes longest, because the server asks GitHub. */
const TIMEOUT = 30_000;

/** A client of the HTTP API. All methods throw `CliError`. */
export interface Client {
  url: string;
  get<T>(path: string, schema: z.ZodType<T>): Promise<T>;
  post<T>(path: string, body: unknown, schema: z.ZodType<T>): Promise<T>;
  put(path: string, body: unknown): Promise<void>;
  remove(path: string): Promise<void>;
  text(path: string, signal: AbortSignal): Promise<Response>;
  /** Opens one connection for server-sent events; the caller reconnects. */
  events(path: string, last_id: string | null, signal: AbortSignal): Promise<Response>;
}

/** `apiPath('runs', id, 'events')` is `/api/v1/runs/<id>/events`; every segment is escaped. */
export function apiPath(...segments: string[]): string {
  return `/api/v1/${segments.map(encodeURIComponent).join('/')}`;
}

export function openClient({ url, token }: ServerAddress, stop: AbortSignal): Client {
  const withTimeout = () => AbortSignal.any([stop, AbortSignal.timeout(TIMEOUT)]);
  const call = async (
    method: string,
    path: string,
    init: { body?: unknown; accept: string; last_id?: string | null; signal: AbortSignal },
  ) => {
    const headers = new Headers({ accept: init.accept, 'user-agent': 'gantry-cli' });
    if (token !== null) headers.set('authorization', `Bearer ${token}`);
    if (init.last_id) headers.set('last-event-id', init.last_id);
    if (init.body !== undefined) headers.set('content-type', 'application/json');
    const body = init.body === undefined ? null : JSON.stringify(init.body);
    const response = await fetch(`${url}${path}`, {
      method,
      headers,
      body,
      signal: init.signal,
      redirect: 'manual',
    }).catch((error: unknown) => {
      throw connectionError(error, url);
    });
    if (response.ok) return response;
    throw toCliError(response.status, await response.text().catch(() => ''), url);
  };
  const json = async <T>(method: string, path: string, body: unknown, schema: z.ZodType<T>): Promise<T> => {
    const response = await call(method, path, { body, accept: 'application/json', signal: withTimeout() });
    return read(response, schema, url);
  };
  const send = async (method: string, path: string, body?: unknown) => {
    const response = await call(method, path, { body, accept: 'application/json', signal: withTimeout() });
    await response.body?.cancel();
  };
  return {
    url,
    get: (path, schema) => json('GET', path, undefined, schema),
    post: (path, body, schema) => json('POST', path, body, schema),
    put: (path, body) => send('PUT', path, body),
    remove: (path) => send('DELETE', path),
    text: (path, signal) => call('GET', path, { accept: 'text/plain', signal }),
    events: (path, last_id, signal) => call('GET', path, { accept: 'text/event-stream', last_id, signal }),
  };
}

async function read<T>(response: Response, schema: z.ZodType<T>, url: string): Promise<T> {
  const text = await response.text().catch((error: unknown) => {
    throw connectionError(error, url);
  });
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    throw new CliError(
      'failed',
      `unexpected response from ${url}`,
      'Check the address, and that the server and this command have the same version.',
      { cause: error },
    );
  }
}

function connectionError(error: unknown, url: string): CliError {
  if (error instanceof DOMException && error.code === DOMException.TIMEOUT_ERR)
    return new CliError('unreachable', `no answer from ${url} within ${TIMEOUT / 1000} s`, null, { cause: error });
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const why = messageOf(cause) || (hasCode(cause) ? cause.code : '');
  return new CliError(
    'unreachable',
    `cannot connect to ${url}${why === '' ? '' : ` (${why})`}`,
    'Start the server with: gantry up. If it runs on another machine, set GANTRY_URL or --url. If it uses another data directory, set GANTRY_DATA_DIR or --data-dir.',
    { cause: error },
  );
}
