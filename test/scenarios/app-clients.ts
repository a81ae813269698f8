import { Agent, get, type IncomingMessage } from 'node:http';

/** What clients of a deployed app saw. */
export interface ClientResults {
  /** Each text that was answered with 200, and how often. */
  answers: Map<string, number>;
  failures: string[];
}

export interface AppClients extends ClientResults {
  count(): number;
  end(): Promise<ClientResults>;
}

/** Clients that keep their connections to the proxy and ask `host` until they are told to end. */
export function startAppClients(port: number, host: string, clients = 4): AppClients {
  const agent = new Agent({ keepAlive: true, maxSockets: clients });
  const seen: ClientResults = { answers: new Map(), failures: [] };
  const ending = new AbortController();
  const all = Array.from({ length: clients }, async () => {
    while (!ending.signal.aborted) {
      try {
        const { status, text } = await fetchApp(port, host, '/', agent);
        if (status === 200) seen.answers.set(text, (seen.answers.get(text) ?? 0) + 1);
        else seen.failures.push(`${status} ${text}`);
      } catch (error) {
        seen.failures.push(String(error));
      }
    }
  });
  return {
    ...seen,
    count: () => [...seen.answers.values()].reduce((sum, times) => sum + times, 0),
    async end() {
      ending.abort();
      await Promise.all(all);
      agent.destroy();
      return seen;
    },
  };
}

export async function fetchApp(port: number, host: string, path = '/', agent = new Agent()) {
  const response = await ask(port, host, path, agent);
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += chunk as string;
  return { status: response.statusCode, text };
}

/** An answer without an end, read as it comes. */
export async function openStream(port: number, host: string, path: string) {
  const response = await ask(port, host, path, new Agent());
  const first = Promise.withResolvers<void>();
  const stream = { text: '', open: true, close: () => response.destroy() };
  response.setEncoding('utf8');
  response.on('error', () => undefined);
  response.on('data', (chunk: string) => {
    stream.text += chunk;
    first.resolve();
  });
  response.on('close', () => {
    stream.open = false;
    first.resolve();
  });
  await first.promise;
  return stream;
}

function ask(port: number, host: string, path: string, agent: Agent): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path, agent, headers: { host } }, resolve).on('error', reject);
  });
}
