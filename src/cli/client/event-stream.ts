import { setTimeout as delay } from 'node:timers/promises';
import type { z } from 'zod';
import { CliError } from '../terminal/exit.ts';
import type { Client } from './client.ts';
import type { Session } from './session.ts';

export interface StreamEvent {
  id: string | null;
  event: string;
  data: string;
}

/** Milliseconds without data after which a connection is considered dead. The server sends a comment every 15 s. */
const SILENCE_TIMEOUT = 40_000;
/** Milliseconds to wait for an unreachable server. */
const RECONNECT_TIMEOUT = 120_000;

/**
 * Yields events in order, each once, until `event: end`. Reconnects with the last id when the connection is lost or the server shuts
 * down, so that a server restart neither loses nor repeats events. Throws `CliError` `unreachable` after two minutes without a server.
 */
export async function* streamEvents(
  { client, terminal, signal }: Pick<Session, 'client' | 'terminal' | 'signal'>,
  path: string,
): AsyncGenerator<StreamEvent> {
  let last_id: string | null = null;
  let lost_at: number | null = null;
  let pause = 250;
  const onData = () => {
    lost_at = null;
    pause = 250;
  };
  for (;;) {
    try {
      for await (const event of connection(client, path, last_id, signal, onData)) {
        last_id = event.id ?? last_id;
        if (event.event === 'end') return;
        if (event.event !== 'shutdown') yield event;
      }
    } catch (error) {
      signal.throwIfAborted();
      if (!isTransient(error) || (lost_at !== null && Date.now() - lost_at > RECONNECT_TIMEOUT)) throw error;
      if (lost_at === null) terminal.note('Connection lost; waiting for the server ...');
      lost_at ??= Date.now();
    }
    await delay(pause, undefined, { signal });
    pause = Math.min(pause * 2, 4000);
  }
}

/** Whether reconnecting can help: not after an error response. */
function isTransient(error: unknown): boolean {
  return !(error instanceof CliError) || error.code === 'unreachable';
}

async function* connection(
  client: Client,
  path: string,
  last_id: string | null,
  outer: AbortSignal,
  onData: () => void,
): AsyncGenerator<StreamEvent> {
  const silence = new AbortController();
  const watch = setTimeout(() => silence.abort(), SILENCE_TIMEOUT);
  try {
    const response = await client.events(path, last_id, AbortSignal.any([outer, silence.signal]));
    if (response.status === 204 || response.body === null) {
      yield { id: null, event: 'end', data: '' };
      return;
    }
    yield* parseEvents(response.body.pipeThrough(new TextDecoderStream()), () => {
      watch.refresh();
      onData();
    });
  } finally {
    clearTimeout(watch);
  }
}

/** The JSON data of an event. Throws `CliError` if it does not match the schema. */
export function parseData<T>(data: string, schema: z.ZodType<T>): T {
  try {
    return schema.parse(JSON.parse(data));
  } catch (error) {
    throw new CliError(
      'failed',
      'unexpected event from the server',
      'Check that the server and this command have the same version.',
      { cause: error },
    );
  }
}

/** The event stream format of the HTML standard. `onData` is called for every chunk, also for comments. */
export async function* parseEvents(
  text: AsyncIterable<string>,
  onData: () => void = () => {},
): AsyncGenerator<StreamEvent> {
  let rest = '';
  let fields: { id: string | null; event: string; data: string[] } = { id: null, event: 'message', data: [] };
  for await (const chunk of text) {
    onData();
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
