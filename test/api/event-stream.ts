/** A server-sent event as a browser reports it. */
export interface ReceivedEvent {
  id: string | null;
  event: string;
  data: string;
}

/** Parses a stream according to the HTML standard. Skips comments. */
export async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<ReceivedEvent> {
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
export async function collect(body: ReadableStream<Uint8Array>): Promise<ReceivedEvent[]> {
  const events: ReceivedEvent[] = [];
  for await (const event of readEvents(body)) events.push(event);
  return events;
}
