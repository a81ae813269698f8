import { PipeMessage } from '../../../jobs/protocol/message.ts';
import type { Wakeup } from '../../../wakeup.ts';
import type { Commands } from '../connection.ts';
import { PIPE } from '../keys.ts';
import type { PipeEntry } from './bus.ts';

const BATCH = 200;
/** Milliseconds. Wakeups are lost while Redis is unreachable, so the pipe is polled too. */
const POLL_INTERVAL = 250;

/** Reads from the start, never from a remembered id: after a FLUSHALL the ids may start over. */
export async function readPipe(
  commands: Commands,
  wakeup: Wakeup,
  handle: (entry: PipeEntry) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const entries = await commands.read((redis) => redis.xrange(PIPE, '-', '+', 'COUNT', BATCH)).catch(() => []);
    const handled: string[] = [];
    try {
      for (const [id, fields] of entries) {
        if (signal.aborted) break;
        await handle(parse(fields));
        handled.push(id);
      }
    } finally {
      // An entry that cannot be deleted is read again: control recognises events that it has applied.
      if (handled.length > 0) await commands.read((redis) => redis.xdel(PIPE, ...handled)).catch(() => 0);
    }
    if (entries.length === 0) await wakeup.wait(POLL_INTERVAL, signal);
  }
}

function parse(fields: string[]): PipeEntry {
  const text = fields[fields.indexOf('message') + 1] ?? '';
  try {
    return PipeMessage.parse(JSON.parse(text));
  } catch {
    return { kind: 'unreadable', text };
  }
}
