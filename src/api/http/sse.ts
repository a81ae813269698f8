/** A server-sent event. */
export interface ServerSentEvent {
  id?: string;
  event?: string;
  data: string;
}

/** Milliseconds after which a client reconnects. */
const RETRY_AFTER = 1000;
/** Milliseconds without data after which a comment is sent. Proxies close connections that are silent for longer. */
const KEEP_ALIVE = 15_000;

/** Yields batches of new events. Yields an empty batch from time to time, so that the connection can be kept alive. */
export type EventSource = (signal: AbortSignal) => AsyncGenerator<ServerSentEvent[]>;

/** Streams events until the source ends, the client disconnects or `draining` aborts. In the last case the event `shutdown` asks the client to reconnect. */
export function eventStream(source: EventSource, draining: AbortSignal): Response {
  return new Response(
    pullStream((signal) => frames(source, signal), draining),
    {
      headers: {
        'content-type': 'text/event-stream',
        'cache-control': 'no-cache, no-transform',
        'x-accel-buffering': 'no',
      },
    },
  );
}

/**
 * A stream that is produced as fast as the client reads it: the next chunk is produced after the previous one was read. When the client
 * disconnects, `signal` aborts and the generator's `finally` runs.
 */
export function pullStream(
  produce: (signal: AbortSignal) => AsyncGenerator<string>,
  draining: AbortSignal,
): ReadableStream<Uint8Array> {
  const disconnected = new AbortController();
  const chunks = produce(AbortSignal.any([disconnected.signal, draining]));
  const encoder = new TextEncoder();
  return new ReadableStream(
    {
      async pull(controller) {
        const { done, value } = await chunks.next();
        if (done) controller.close();
        else controller.enqueue(encoder.encode(value));
      },
      async cancel() {
        disconnected.abort();
        await chunks.return(undefined);
      },
    },
    { highWaterMark: 0 },
  );
}

async function* frames(source: EventSource, signal: AbortSignal): AsyncGenerator<string> {
  yield `retry: ${RETRY_AFTER}\n\n`;
  let last_write = Date.now();
  for await (const events of source(signal)) {
    if (events.length === 0 && Date.now() - last_write < KEEP_ALIVE) continue;
    yield events.length === 0 ? ': keep-alive\n\n' : events.map(frame).join('');
    last_write = Date.now();
  }
  if (signal.aborted) yield frame({ event: 'shutdown', data: 'server shutting down; reconnect with Last-Event-ID' });
}

/** Line breaks in `data` become separate data lines and are removed from the other fields: content cannot inject a field or an event. */
export function frame({ id, event, data }: ServerSentEvent): string {
  const fields = data.split(/\r\n|\r|\n/).map((line) => `data: ${line}\n`);
  if (event !== undefined) fields.unshift(`event: ${event.replaceAll(/[\r\n]/g, '')}\n`);
  if (id !== undefined) fields.unshift(`id: ${id.replaceAll(/[\r\n\0]/g, '')}\n`);
  return `${fields.join('')}\n`;
}
