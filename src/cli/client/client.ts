import type { z } from 'zod';
import { CliError } from '../terminal/exit.ts';
import { toCliError } from './api-error.ts';
import type { ServerAddress } from './server-address.ts';

/** Milliseconds for one answer; asking GitHub for a repository is the longest that a server does before it answers. */
const TIMEOUT = 30_000;

/** The API over HTTP. Every verb throws `CliError`. */
export interface Client {
  url: string;
  get<T>(path: string, schema: z.ZodType<T>): Promise<T>;
  post<T>(path: string, body: unknown, schema: z.ZodType<T>): Promise<T>;
  put(path: string, body: unknown): Promise<void>;
  remove(path: string): Promise<void>;
  text(path: string, signal: AbortSignal): Promise<Response>;
  /** One connection of server-sent events; the caller reconnects. */
  events(path: string, last_id: string | null, signal: AbortSignal): Promise<Response>;
}

export function openClient({ url, token }: ServerAddress, stop: AbortSignal): Client {
  const soon = () => AbortSignal.any([stop, AbortSignal.timeout(TIMEOUT)]);
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
      throw readFailure(error, url);
    });
    if (response.ok) return response;
    throw toCliError(response.status, await response.text().catch(() => ''), url);
  };
  const json = async <T>(method: string, path: string, body: unknown, schema: z.ZodType<T>): Promise<T> => {
    const response = await call(method, path, { body, accept: 'application/json', signal: soon() });
    return read(response, schema, url);
  };
  const send = async (method: string, path: string, body?: unknown) => {
    const response = await call(method, path, { body, accept: 'application/json', signal: soon() });
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
    throw readFailure(error, url);
  });
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    throw new CliError(
      'failed',
      `${url} answers, but not as Gantry of this version does`,
      'Is it the right address? Are both ends the same version?',
      { cause: error },
    );
  }
}

function readFailure(error: unknown, url: string): CliError {
  if (error instanceof DOMException && error.name === 'TimeoutError')
    return new CliError('unreachable', `${url} did not answer within ${TIMEOUT / 1000} s`, null, { cause: error });
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const why = cause instanceof Error ? cause.message || ('code' in cause ? String(cause.code) : '') : String(error);
  return new CliError(
    'unreachable',
    `nothing answers at ${url}${why === '' ? '' : ` (${why})`}`,
    'Start the server with: gantry up. If it runs elsewhere, name it with GANTRY_URL or --url; if it has another data directory, with GANTRY_DATA_DIR or --data-dir.',
    { cause: error },
  );
}
