import { randomBytes } from 'node:crypto';
import { within } from '../../abort.ts';
import type { WorkerDeps } from '../../deps.ts';
import type { Mailbox } from './mailbox.ts';

/** Milliseconds between repetitions of a claim. */
const INTERVAL = 1000;
/** Milliseconds that a draining worker still waits for the answer to a claim that it has sent. */
const LAST_ANSWER = 2000;

type Answer = { granted: true; grant: unknown } | { granted: false };

/**
 * Claims an offered attempt repeatedly, until control answers. Returns the grant, not yet parsed, or null when it is denied.
 * After `draining` aborts no further claim is sent, but a late grant is still accepted.
 */
export async function claim(
  { bus, envelope, worker }: Pick<WorkerDeps, 'bus' | 'envelope' | 'worker'>,
  mailbox: Mailbox,
  attempt: string,
  draining: AbortSignal,
): Promise<{ grant: unknown } | null> {
  const nonce = randomBytes(12).toString('hex');
  const { promise, resolve } = Promise.withResolvers<Answer>();
  const unsubscribe = mailbox.subscribe(attempt, (message) => {
    if (message.kind === 'denied' && message.nonce === nonce) resolve({ granted: false });
    if (message.kind === 'granted') accept(message.sealed);
  });
  try {
    let answer: Answer | null = null;
    while (answer === null && !draining.aborted) {
      // Redis may be unreachable: the claim is repeated.
      await bus.send({ kind: 'claim', claim: { attempt, worker, nonce } }).catch(() => undefined);
      answer = await within(promise, INTERVAL, draining);
    }
    answer ??= await within(promise, LAST_ANSWER);
    return answer?.granted ? { grant: answer.grant } : null;
  } finally {
    unsubscribe();
  }

  /** Ignores a grant that cannot be opened: it answers a claim with another nonce. */
  function accept(sealed: string): void {
    try {
      resolve({ granted: true, grant: envelope.open(`${attempt}:${worker}:${nonce}`, sealed) });
    } catch {}
  }
}
