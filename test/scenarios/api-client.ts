import { vi } from 'vitest';
import type { z } from 'zod';
import type { Run as RunSchema } from '../../src/api/runs/run-resource.ts';
import { hasEnded } from '../../src/jobs/status.ts';

export type Run = z.infer<typeof RunSchema>;
export type Job = Run['jobs'][number];

/** Milliseconds that a run may take on a busy machine with two cores. */
export const RUN_TIMEOUT = 50_000;
/** How long to poll until a change was reported to GitHub. */
export const GITHUB_POLL = { timeout: 15_000, interval: 100 };

export interface ApiResponse<T> {
  status: number;
  headers: Headers;
  body: T;
}

/** A client of Gantry's API that sends a token. */
export interface ApiClient {
  url: string;
  request<T = Record<string, unknown>>(method: string, path: string, body?: unknown): Promise<ApiResponse<T>>;
  getRun(id: string): Promise<Run>;
  /** Waits until a commit has a run; resolves with the newest one. */
  waitForRun(sha: string): Promise<Run>;
  getJob(id: string): Promise<Job>;
  getLog(job: string): Promise<string>;
  /** Polls until the result passes `check`. `poll` may fail meanwhile, for example while the server restarts. */
  waitFor<T>(poll: () => Promise<T>, check: (result: T) => boolean, timeout?: number): Promise<T>;
  waitForRunEnd(id: string, timeout?: number): Promise<Run>;
  waitForJobEnd(id: string, timeout?: number): Promise<Job>;
  /** Server-sent events until the stream ends. */
  streamEvents(path: string, headers?: Record<string, string>): Promise<StreamedEvent[]>;
}

export interface StreamedEvent {
  id: string | null;
  event: string;
  data: string;
}

export function openApiClient(url: string, token: string): ApiClient {
  const authorization = `Bearer ${token}`;

  async function request<T>(method: string, path: string, body?: unknown): Promise<ApiResponse<T>> {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: { authorization, ...(body !== undefined && { 'content-type': 'application/json' }) },
      body: body === undefined ? null : JSON.stringify(body),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: (text === '' ? null : JSON.parse(text)) as T };
  }

  async function read<T>(path: string): Promise<T> {
    const { status, body } = await request<T>('GET', path);
    if (status !== 200) throw new Error(`GET ${path}: ${status} ${JSON.stringify(body)}`);
    return body;
  }

  const api: ApiClient = {
    url,
    request,
    getRun: (id) => read<Run>(`/api/v1/runs/${id}`),
    waitForRun: async (sha) => {
      const poll = async () => (await read<{ items: Run[] }>(`/api/v1/runs?sha=${sha}`)).items[0];
      const run = await api.waitFor(poll, (found) => found !== undefined);
      if (run === undefined) throw new Error(`no run of ${sha}`);
      return run;
    },
    getJob: (id) => read<Job>(`/api/v1/jobs/${id}`),
    getLog: async (job) => {
      const headers = { authorization, accept: 'text/plain' };
      return (await fetch(`${url}/api/v1/jobs/${job}/logs`, { headers })).text();
    },
    waitFor: (poll, check, timeout = RUN_TIMEOUT) =>
      vi.waitFor(
        async () => {
          const result = await poll();
          if (!check(result)) throw new Error(`not within ${timeout / 1000} s: ${JSON.stringify(result, null, 1)}`);
          return result;
        },
        { timeout, interval: 100 },
      ),
    waitForRunEnd: (id, timeout) =>
      api.waitFor(
        () => api.getRun(id),
        (run) => hasEnded(run.status),
        timeout,
      ),
    waitForJobEnd: (id, timeout) =>
      api.waitFor(
        () => api.getJob(id),
        (job) => hasEnded(job.status),
        timeout,
      ),
    streamEvents: async (path, headers = {}) => {
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
