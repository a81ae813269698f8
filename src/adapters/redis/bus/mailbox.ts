import { setTimeout as delay } from 'node:timers/promises';
import { WorkerMessage } from '../../../jobs/protocol/message.ts';
import type { Commands } from '../connection.ts';
import { mailboxKey } from '../keys.ts';

/** Seconds until Redis deletes unread messages. Messages may contain sealed secrets. */
const LIFETIME = 60;
/** Seconds that one read blocks; less than the command timeout. */
const BLOCK = 1;
/** Milliseconds between reads while Redis is unreachable. */
const RETRY = 100;

/** Only the first message of an empty list sets the expiry, so later messages do not extend it. */
const PUSH = `if redis.call('RPUSH', KEYS[1], ARGV[1]) == 1 then redis.call('EXPIRE', KEYS[1], ${LIFETIME}) end`;

export async function sendMessage(commands: Commands, worker: string, message: WorkerMessage): Promise<void> {
  await commands.read((redis) => redis.eval(PUSH, 1, mailboxKey(worker), JSON.stringify(message)));
}

/** Removes messages one by one, in order, until `signal` aborts. Use `commands` for nothing else: each read blocks it. */
export async function readMailbox(
  commands: Commands,
  worker: string,
  handle: (message: WorkerMessage) => void,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      const entry = await commands.read((redis) => redis.blpop(mailboxKey(worker), BLOCK));
      const message = entry && parse(entry[1]);
      if (message !== null) handle(message);
    } catch {
      await delay(RETRY, undefined, { signal }).catch(() => undefined);
    }
  }
}

/** Null for a message that only a newer version understands. */
function parse(text: string): WorkerMessage | null {
  try {
    return WorkerMessage.parse(JSON.parse(text));
  } catch {
    return null;
  }
}
