import { TOKEN } from './harness.ts';

/** A server-sent event as a browser reports it. */
export interface ReceivedEvent {
  id: string | null;
  event: string;
  data: string;
}

/** Parses a stream according to the HTML standard. Skips comments. */
export async function* readEvents({ body, status }: Response): AsyncGenerator<ReceivedEvent> {
  if (body === null) throw new Error(`no body with status ${status}`);
  let buffer = '';
  for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
    buffer += chunk;
    for (let end = buffer.indexOf('\n\n'); end !== -1; end = buffer.indexOf('\n\n')) {
      const event = parse(buffer.slice(0, end));
      buffer = buffer.slice(end + 2);
      if (event !== null) yield event;
    }
  }
}

function parse(block: string): ReceivedEvent | null {
  const fields = block.split('\n').map((line) => /^([^:]*):? ?(.*)$/s.exec(line) ?? []);
  const all = (name: string) => fields.filter(([, field]) => field === name).map(([, , value]) => value ?? '');
  const data = all('data');
  return data.length === 0
    ? null
    : { id: all('id').at(-1) ?? null, event: all('event').at(-1) ?? 'message', data: data.join('\n') };
}

/** All events until the stream ends. */
export async function collectEvents(response: Response): Promise<ReceivedEvent[]> {
  const events: ReceivedEvent[] = [];
  for await (const event of readEvents(response)) events.push(event);
  return events;
}

/** The next event; throws at the end of the stream. */
export async function nextEvent(events: AsyncGenerator<ReceivedEvent>): Promise<ReceivedEvent> {
  const { done, value } = await events.next();
  if (done) throw new Error('the stream ended');
  return value;
}

/** Opens streams with the token of the harness, and remembers them until `disconnectAll`. */
export function streamClient() {
  const connections = new Set<AbortController>();
  return {
    async open(url: string, headers: Record<string, string> = {}): Promise<Response> {
      const connection = new AbortController();
      connections.add(connection);
      return fetch(url, {
        headers: { authorization: `Bearer ${TOKEN}`, ...headers },
        signal: connection.signal,
      });
    },
    disconnectAll() {
      for (const connection of connections) connection.abort();
      connections.clear();
    },
  };
}
