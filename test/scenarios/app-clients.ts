import { Agent, get, type IncomingMessage } from 'node:http';

/** The responses that clients of a deployed app received. */
export interface ClientResults {
  /** Each body of a 200 response, and how often it was received. */
  bodies: Map<string, number>;
  failures: string[];
}

export interface AppClients extends ClientResults {
  /** The number of 200 responses. */
  count(): number;
  stop(): Promise<ClientResults>;
}

/** Starts clients that request the app over keep-alive connections until `stop`. */
export function startAppClients(port: number, host: string, clients = 4): AppClients {
  const agent = new Agent({ keepAlive: true, maxSockets: clients });
  const results: ClientResults = { bodies: new Map(), failures: [] };
  const stopping = new AbortController();
  const all = Array.from({ length: clients }, async () => {
    while (!stopping.signal.aborted) {
      try {
        const { status, text } = await fetchApp(port, host, '/', agent);
        if (status === 200) results.bodies.set(text, (results.bodies.get(text) ?? 0) + 1);
        else results.failures.push(`${status} ${text}`);
      } catch (error) {
        results.failures.push(String(error));
      }
    }
  });
  return {
    ...results,
    count: () => [...results.bodies.values()].reduce((sum, times) => sum + times, 0),
    async stop() {
      stopping.abort();
      await Promise.all(all);
      agent.destroy();
      return results;
    },
  };
}

export async function fetchApp(port: number, host: string, path = '/', agent = new Agent()) {
  const response = await sendRequest(port, host, path, agent);
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += chunk as string;
  return { status: response.statusCode, text };
}

/** Opens an endless response; resolves when its first chunk has arrived. */
export async function openStream(port: number, host: string, path: string) {
  const response = await sendRequest(port, host, path, new Agent());
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

function sendRequest(port: number, host: string, path: string, agent: Agent): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path, agent, headers: { host } }, resolve).on('error', reject);
  });
}
