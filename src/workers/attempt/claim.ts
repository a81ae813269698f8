import { randomBytes } from 'node:crypto';
import type { WorkerDeps } from '../../deps.ts';
import type { Mailbox } from './mailbox.ts';

const REPEAT = 1000;
/** How long the answer to a claim is still awaited when the worker takes nothing new any more. */
const LAST_ANSWER = 2000;

/**
 * Asks control for an attempt that was offered, until it says yes (the opened grant, unparsed) or no (null). Nothing is touched before that.
 * Once `stopping` aborts it asks no more, and takes what it was given in answer to what it had asked.
 */
export async function claim(
  { bus, envelope, worker }: Pick<WorkerDeps, 'bus' | 'envelope' | 'worker'>,
  mailbox: Mailbox,
  attempt: string,
  stopping: AbortSignal,
): Promise<{ grant: unknown } | null> {
  const nonce = randomBytes(12).toString('hex');
  let denied = false;
  const close = mailbox.open(attempt, (message) => {
    denied ||= message.kind === 'denied' && message.nonce === nonce;
  });
  try {
    while (!stopping.aborted) {
      const answer = mailbox.next(attempt, isAnswer, REPEAT, stopping);
      // Redis may be away: the claim is repeated.
      await bus.send({ kind: 'claim', claim: { attempt, worker, nonce } }).catch(() => undefined);
      await answer;
      const granted = await taken();
      if (granted || denied) return granted;
    }
    await mailbox.next(attempt, isAnswer, LAST_ANSWER);
    return await taken();
  } finally {
    close();
  }

  /** A grant that does not open is another's: of an earlier claim, or of another worker. */
  async function taken(): Promise<{ grant: unknown } | null> {
    const sealed = await bus.takeGrant(attempt).catch(() => null);
    if (sealed === null) return null;
    try {
      return { grant: envelope.open(`${attempt}:${worker}:${nonce}`, sealed) };
    } catch {
      return null;
    }
  }
}

function isAnswer({ kind }: { kind: string }): boolean {
  return kind === 'granted' || kind === 'denied';
}
