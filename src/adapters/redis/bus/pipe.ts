import { PipeMessage } from '../../../jobs/protocol/message.ts';
import type { Wakeup } from '../../../wakeup.ts';
import type { Commands } from '../connection.ts';
import { PIPE } from '../keys.ts';

const BATCH = 200;
/** Milliseconds; rings are lost when Redis was away. */
const LOOK_EVERY = 250;

export type Heard = PipeMessage | { kind: 'unreadable'; text: string };

/** Always from the start, never from a remembered place: after a FLUSHALL the ids may begin anew. */
export async function readPipe(
  commands: Commands,
  wakeup: Wakeup,
  handle: (message: Heard) => Promise<void>,
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
      // What cannot be deleted now is read once more: control knows what it has applied.
      if (handled.length > 0) await commands.read((redis) => redis.xdel(PIPE, ...handled)).catch(() => 0);
    }
    if (entries.length === 0) await wakeup.wait(LOOK_EVERY, signal);
  }
}

function parse(fields: string[]): Heard {
  const text = fields[fields.indexOf('message') + 1] ?? '';
  try {
    return PipeMessage.parse(JSON.parse(text));
  } catch {
    return { kind: 'unreadable', text };
  }
}
