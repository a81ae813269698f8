import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ApiRequest, type Contract, openContract } from './contract.ts';
import { type Answer, NOT_FOUND, operations, refuse } from './operations.ts';
import { makeRepository, type NewRepository, type Repository } from './repository.ts';

export interface FakeGitHub {
  /** The value for `GANTRY_GITHUB_API_URL`. */
  url: string;
  repositories: Repository[];
  /** All requests, without their tokens. */
  requests: { method: string; path: string; user_agent: string; body: unknown }[];
  /** Requests and responses that do not match GitHub's description. Empty at the end of every test. */
  violations: string[];
  /** Milliseconds before each response. */
  delay: number;
  addRepository(given: NewRepository): Repository;
  /** Throws if there is no such repository. */
  repository(full_name: string): Repository;
  /** A token has access to the given repositories, by default all. With `read_only`, every write is rejected. */
  addToken(token: string, access?: { repositories?: string[]; read_only?: boolean }): void;
  /** The next `times` requests (default 1) get this response and change nothing. */
  limitNext(answer: Partial<Answer> & { status: number; times?: number }): void;
  /** The connections of the next `times` requests (default 1) are closed without a response. */
  failNext(times?: number): void;
  close(): Promise<void>;
}

interface Options {
  repositories?: NewRepository[];
  tokens?: string[];
  port?: number;
  /** Called first for each request; returns true if it handles the request. */
  intercept?: (path: string, request: IncomingMessage, response: ServerResponse) => boolean;
}

type PlannedResponse = Answer | 'close';
type Access = { repositories: string[] | null; read_only: boolean };

/** A fake of api.github.com on loopback. Requests and responses are checked against GitHub's description. */
export async function startGitHub(options: Options = {}): Promise<FakeGitHub> {
  const contract = await openContract();
  const tokens = new Map<string, Access>();
  const planned: PlannedResponse[] = [];
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://loopback');
    if (options.intercept?.(pathname, request, response)) return;
    receive(request, response).catch((error: unknown) => {
      github.violations.push(`the fake GitHub failed: ${String(error)}`);
      response.destroy();
    });
  });
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');

  const github: FakeGitHub = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    repositories: [],
    requests: [],
    violations: [],
    delay: 0,
    addRepository(given) {
      const repository = makeRepository(given);
      github.repositories.push(repository);
      return repository;
    },
    repository(full_name) {
      const found = github.repositories.find((it) => it.full_name === full_name);
      if (found === undefined) throw new Error(`The fake GitHub has no repository ${full_name}.`);
      return found;
    },
    addToken(token, { repositories = null, read_only = false }: Partial<Access> = {}) {
      tokens.set(token, { repositories, read_only });
    },
    limitNext({ times = 1, status, headers = {}, body = { message: 'Rejected by the test' } }) {
      for (let i = 0; i < times; i++) planned.push({ status, headers, body });
    },
    failNext(times = 1) {
      for (let i = 0; i < times; i++) planned.push('close');
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  for (const repository of options.repositories ?? []) github.addRepository(repository);
  for (const token of options.tokens ?? []) github.addToken(token);
  return github;

  async function receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const call = await readRequest(request);
    const { authorization = '', 'user-agent': user_agent = '' } = call.headers;
    github.requests.push({ method: call.method, path: call.path, user_agent, body: call.body });
    if (github.delay > 0) await sleep(github.delay, undefined, { ref: false });
    const plan = planned.shift();
    if (plan === 'close') response.destroy();
    else send(response, plan ?? answer(call, authorization.replace(/^(bearer|token) /i, '')));
  }

  function answer(request: ApiRequest, token: string): Answer {
    const matched = contract.match(request);
    if (matched === null)
      return violate(`${request.method} ${request.path}: unknown operation: add it to slice.ts`, NOT_FOUND);
    const { operation, params } = matched;
    const access = tokens.get(token);
    if (access === undefined) return { status: 401, body: { message: 'Bad credentials', status: '401' } };
    const repository = findRepository(github.repositories, `${params.owner}/${params.repo}`, access);
    if (repository === undefined) return NOT_FOUND;
    if (access.read_only && request.method !== 'GET') return FORBIDDEN;
    const problems = contract.checkRequest(operation, request);
    if (problems.length > 0) {
      return violate(
        `${operation}: invalid request: ${problems.join('; ')}`,
        refuse(problems.map((message) => ({ message }))),
      );
    }
    const perform = operations[operation];
    const made =
      perform?.({ contract, repository, params, body: request.body }) ?? exampleOf(contract, operation, request);
    if (made.status >= 300) return made;
    const faults = contract.checkResponse(operation, made.status, made.body);
    return faults.length > 0 ? violate(`${operation}: invalid response: ${faults.join('; ')}`, made) : made;
  }

  function violate(violation: string, response: Answer): Answer {
    github.violations.push(violation);
    return response;
  }
}

const FORBIDDEN: Answer = {
  status: 403,
  body: { message: 'Resource not accessible by personal access token', status: '403' },
};

async function readRequest(request: IncomingMessage): Promise<ApiRequest> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://loopback');
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  const headers = Object.entries(request.headers).map(([name, value]) => [name, String(value)]);
  return {
    method: request.method ?? 'GET',
    path: pathname,
    query: Object.fromEntries(searchParams),
    headers: Object.fromEntries(headers),
    body: text === '' ? undefined : JSON.parse(text),
  };
}

/** Names are case-insensitive. A repository that the token has no access to does not exist. */
function findRepository(repositories: Repository[], name: string, access: Access): Repository | undefined {
  const found = repositories.find((it) => it.full_name.toLowerCase() === name.toLowerCase());
  return found !== undefined && (access.repositories?.includes(found.full_name) ?? true) ? found : undefined;
}

function exampleOf(contract: Contract, operation: string, request: ApiRequest): Answer {
  const status = request.method === 'POST' ? 201 : 200;
  return { status, body: contract.example(operation, status) };
}

function send(response: ServerResponse, { status, headers = {}, body }: Answer): void {
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'x-ratelimit-limit': '5000',
    'x-ratelimit-remaining': '4999',
    'x-ratelimit-reset': String(Math.ceil(Date.now() / 1000) + 3600),
    ...headers,
  });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
}
