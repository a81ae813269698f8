import { vi } from 'vitest';
import type { z } from 'zod';
import type { Run as RunSchema } from '../../src/api/runs/run-resource.ts';
import { hasEnded } from '../../src/jobs/status.ts';

export type Run = z.infer<typeof RunSchema>;
export type Job = Run['jobs'][number];

/** What a run may take on a busy machine of two cores, in milliseconds; with a worker lost, so much longer. */
export const RUN_TIMEOUT = 50_000;
/** Until GitHub knows of something that happened here. */
export const GITHUB_POLL = { timeout: 15_000, interval: 100 };

export interface Answer<T> {
  status: number;
  headers: Headers;
  body: T;
}

/** Gantry's API as a client with a token sees it. */
export interface ApiClient {
  url: string;
  call<T = Record<string, unknown>>(method: string, path: string, body?: unknown): Promise<Answer<T>>;
  run(id: string): Promise<Run>;
  /** The newest run of a commit, once there is one. */
  runOf(sha: string): Promise<Run>;
  job(id: string): Promise<Job>;
  log(job: string): Promise<string>;
  /** Resolves with the first look at which `is` holds; in between the server may be away. */
  until<T>(look: () => Promise<T>, is: (seen: T) => boolean, within?: number): Promise<T>;
  runEnded(id: string, within?: number): Promise<Run>;
  jobEnded(id: string, within?: number): Promise<Job>;
  /** Server-sent events until the stream ends. */
  stream(path: string, headers?: Record<string, string>): Promise<StreamedEvent[]>;
}

export interface StreamedEvent {
  id: string | null;
  event: string;
  data: string;
}

export function openApiClient(url: string, token: string): ApiClient {
  const authorization = `Bearer ${token}`;

  async function call<T>(method: string, path: string, body?: unknown): Promise<Answer<T>> {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: { authorization, ...(body !== undefined && { 'content-type': 'application/json' }) },
      body: body === undefined ? null : JSON.stringify(body),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: (text === '' ? null : JSON.parse(text)) as T };
  }

  async function read<T>(path: string): Promise<T> {
    const { status, body } = await call<T>('GET', path);
    if (status !== 200) throw new Error(`GET ${path}: ${status} ${JSON.stringify(body)}`);
    return body;
  }

  const api: ApiClient = {
    url,
    call,
    run: (id) => read<Run>(`/api/v1/runs/${id}`),
    runOf: async (sha) => {
      const look = async () => (await read<{ items: Run[] }>(`/api/v1/runs?sha=${sha}`)).items[0];
      const run = await api.until(look, (seen) => seen !== undefined);
      if (run === undefined) throw new Error(`no run of ${sha}`);
      return run;
    },
    job: (id) => read<Job>(`/api/v1/jobs/${id}`),
    log: async (job) => {
      const headers = { authorization, accept: 'text/plain' };
      return (await fetch(`${url}/api/v1/jobs/${job}/logs`, { headers })).text();
    },
    until: (look, is, within = RUN_TIMEOUT) =>
      vi.waitFor(
        async () => {
          const seen = await look();
          if (!is(seen)) throw new Error(`not within ${within / 1000} s: ${JSON.stringify(seen, null, 1)}`);
          return seen;
        },
        { timeout: within, interval: 100 },
      ),
    runEnded: (id, within) =>
      api.until(
        () => api.run(id),
        (run) => hasEnded(run.status),
        within,
      ),
    jobEnded: (id, within) =>
      api.until(
        () => api.job(id),
        (job) => hasEnded(job.status),
        within,
      ),
    stream: async (path, headers = {}) => {
      const response = await fetch(`${url}${path}`, {
        headers: { authorization, accept: 'text/event-stream', ...headers },
      });
      if (response.status !== 200) throw new Error(`GET ${path}: ${response.status} ${await response.text()}`);
      return parseEvents(await response.text());
    },
  };
  return api;
}

function parseEvents(text: string): StreamedEvent[] {
  return text
    .split('\n\n')
    .map((block) => block.split('\n').map((line) => line.split(/: (.*)/s)))
    .filter((fields) => fields.some(([name]) => name === 'data'))
    .map((fields) => {
      const of = (name: string) => fields.filter((field) => field[0] === name).map((field) => field[1] ?? '');
      return { id: of('id')[0] ?? null, event: of('event')[0] ?? 'message', data: of('data').join('\n') };
    });
}
