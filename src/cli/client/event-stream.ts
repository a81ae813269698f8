import { setTimeout as delay } from 'node:timers/promises';
import { CliError } from '../terminal/exit.ts';
import type { Client } from './client.ts';

export interface Message {
  id: string | null;
  event: string;
  data: string;
}

/** The server sends a comment each 15 s; a connection that is silent for longer than this is dead (milliseconds). */
const SILENCE = 40_000;
/** How long a server that went away is waited for. */
const PATIENCE = 120_000;

/**
 * Messages in order, each once, up to `event: end`. When the connection is lost or the server shuts down it is made again from the last id, so that a
 * restart of the server loses and doubles nothing. Throws `CliError` `unreachable` when the server stays away for two minutes.
 */
export async function* streamEvents(
  client: Client,
  path: string,
  { signal, lost }: { signal: AbortSignal; lost(): void },
): AsyncGenerator<Message> {
  let last_id: string | null = null;
  let lost_at: number | null = null;
  let pause = 250;
  const heard = () => {
    lost_at = null;
    pause = 250;
  };
  for (;;) {
    try {
      for await (const message of connection(client, path, last_id, signal, heard)) {
        last_id = message.id ?? last_id;
        if (message.event === 'end') return;
        if (message.event !== 'shutdown') yield message;
      }
    } catch (error) {
      signal.throwIfAborted();
      if (!isPassing(error) || (lost_at !== null && Date.now() - lost_at > PATIENCE)) throw error;
      if (lost_at === null) lost();
      lost_at ??= Date.now();
    }
    await delay(pause, undefined, { signal });
    pause = Math.min(pause * 2, 4000);
  }
}

/** A refusal stays one; a server that is away or restarts comes back. */
function isPassing(error: unknown): boolean {
  return !(error instanceof CliError) || error.code === 'unreachable';
}

async function* connection(
  client: Client,
  path: string,
  last_id: string | null,
  outer: AbortSignal,
  heard: () => void,
): AsyncGenerator<Message> {
  const silence = new AbortController();
  const watch = setTimeout(() => silence.abort(), SILENCE);
  try {
    const response = await client.events(path, last_id, AbortSignal.any([outer, silence.signal]));
    if (response.status === 204 || response.body === null) {
      yield { id: null, event: 'end', data: '' };
      return;
    }
    yield* parseEvents(response.body.pipeThrough(new TextDecoderStream()), () => {
      watch.refresh();
      heard();
    });
  } finally {
    clearTimeout(watch);
  }
}

/** The event stream format of the HTML standard; `heard` is called for every piece, comments too. */
export async function* parseEvents(text: AsyncIterable<string>, heard: () => void = () => {}): AsyncGenerator<Message> {
  let rest = '';
  let fields: { id: string | null; event: string; data: string[] } = { id: null, event: 'message', data: [] };
  for await (const chunk of text) {
    heard();
    rest += chunk;
    const lines = rest.split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line === '') {
        if (fields.data.length > 0 || fields.event === 'end')
          yield { id: fields.id, event: fields.event, data: fields.data.join('\n') };
        fields = { id: null, event: 'message', data: [] };
        continue;
      }
      const [, name, value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
      if (name === 'id') fields.id = value;
      else if (name === 'event') fields.event = value;
      else if (name === 'data') fields.data.push(value);
    }
  }
}
