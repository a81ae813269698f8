import { Agent, get, type IncomingMessage } from 'node:http';

/** Sends one request. With `whole` it waits for the end of the answer; otherwise for its first bytes, and the stream stays open. */
export async function openStream(port: number, host: string, path: string, whole = true) {
  const response = await answerTo(port, host, path, new Agent());
  response.setEncoding('utf8');
  const read = { text: '' };
  response.on('error', () => {});
  const first = Promise.withResolvers<void>();
  response.on('data', (chunk: string) => {
    read.text += chunk;
    if (!whole) first.resolve();
  });
  response.on('end', () => first.resolve());
  await first.promise;
  return read;
}

/** Clients with kept-alive connections that send requests until `end`, and count the answers and failures. */
export function keepRequesting(port: number, host: string, clients: number) {
  const agent = new Agent({ keepAlive: true, maxSockets: clients });
  const answers = new Map<string, number>();
  const failures: string[] = [];
  const ending = new AbortController();
  const all = Array.from({ length: clients }, async () => {
    while (!ending.signal.aborted) {
      try {
        const response = await answerTo(port, host, '/', agent);
        let text = '';
        for await (const chunk of response.setEncoding('utf8')) text += chunk;
        if (response.statusCode === 200) answers.set(text, (answers.get(text) ?? 0) + 1);
        else failures.push(`${response.statusCode} ${text}`);
      } catch (error) {
        failures.push(String(error));
      }
    }
  });
  return {
    answers,
    async end() {
      ending.abort();
      await Promise.all(all);
      agent.destroy();
      return { answers, failures };
    },
  };
}

function answerTo(port: number, host: string, path: string, agent: Agent): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path, agent, headers: { host } }, resolve).on('error', reject);
  });
}
