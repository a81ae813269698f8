/**
 * Requests an app through the proxy over one keep-alive connection until SIGTERM, then prints how often it got each response. With
 * `--once`, sends one request and prints the response.
 *
 *   node test/demo/visit.ts HOST PORT [--once]
 */
import { Agent, get } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';

const [host = 'localhost', port = '80', once] = process.argv.slice(2);
const agent = new Agent({ keepAlive: true, maxSockets: 1 });
const answers = new Map<string, number>();
const stop = new AbortController();
if (once !== undefined) stop.abort();
process.on('SIGTERM', () => stop.abort());

do {
  const answer = await visit();
  answers.set(answer, (answers.get(answer) ?? 0) + 1);
  if (!stop.signal.aborted) await delay(20);
} while (!stop.signal.aborted);
agent.destroy();
for (const [answer, times] of answers)
  process.stdout.write(once ? `${answer}\n` : `${String(times).padStart(7)} x ${answer}\n`);

async function visit(): Promise<string> {
  return new Promise((resolve) => {
    const request = get({ agent, host: '127.0.0.1', port, path: '/', headers: { host } }, (response) => {
      text(response).then(
        (body) => resolve(`${response.statusCode} ${body.trim()}`),
        (error: Error) => resolve(`failed: ${error.message}`),
      );
    });
    request.on('error', (error) => resolve(`failed: ${error.message}`));
  });
}
