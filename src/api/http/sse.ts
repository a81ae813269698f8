/** One server-sent event. */
export interface ServerSentEvent {
  id?: string;
  event?: string;
  data: string;
}

/** Milliseconds after which a reader whose connection broke should come back. */
const RETRY = 1000;
/** Silence, in milliseconds, that proxies on the way take for a dead connection come later than this. */
const HEARTBEAT = 15_000;

/** What a source has to say since the last time: nothing, too, so that the connection can be kept alive. */
export type Source = (signal: AbortSignal) => AsyncGenerator<ServerSentEvent[]>;

/** Streams what `source` says until it ends, the reader goes or `draining` aborts; then the reader is told to come back. */
export function eventStream(source: Source, draining: AbortSignal): Response {
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
 * A stream that is made as fast as it is read: nothing is looked up before the reader took what came before. When the reader goes, `signal`
 * aborts and the generator's `finally` runs.
 */
export function pullStream(
  make: (signal: AbortSignal) => AsyncGenerator<string>,
  draining: AbortSignal,
): ReadableStream<Uint8Array> {
  const gone = new AbortController();
  const chunks = make(AbortSignal.any([gone.signal, draining]));
  const encoder = new TextEncoder();
  return new ReadableStream(
    {
      async pull(controller) {
        const { done, value } = await chunks.next();
        if (done) controller.close();
        else controller.enqueue(encoder.encode(value));
      },
      async cancel() {
        gone.abort();
        await chunks.return(undefined);
      },
    },
    { highWaterMark: 0 },
  );
}

async function* frames(source: Source, signal: AbortSignal): AsyncGenerator<string> {
  yield `retry: ${RETRY}\n\n`;
  let written = Date.now();
  for await (const messages of source(signal)) {
    if (messages.length === 0 && Date.now() - written < HEARTBEAT) continue;
    yield messages.length === 0 ? ': still here\n\n' : messages.map(frame).join('');
    written = Date.now();
  }
  if (signal.aborted) yield frame({ event: 'shutdown', data: 'the server stops; come back with Last-Event-ID' });
}

/** Line ends in `data` become lines of it, and vanish elsewhere: nothing that is said can begin a field or a message. */
export function frame({ id, event, data }: ServerSentEvent): string {
  const fields = data.split(/\r\n|\r|\n/).map((line) => `data: ${line}\n`);
  if (event !== undefined) fields.unshift(`event: ${event.replaceAll(/[\r\n]/g, '')}\n`);
  if (id !== undefined) fields.unshift(`id: ${id.replaceAll(/[\r\n\0]/g, '')}\n`);
  return `${fields.join('')}\n`;
}
