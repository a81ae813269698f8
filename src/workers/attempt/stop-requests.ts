import type { WorkerDeps } from '../../deps.ts';
import { Wish } from '../../jobs/protocol/message.ts';
import type { Mailbox } from './mailbox.ts';

const LOOK_EVERY = 1000;

/** Two ways to end an attempt: `stop` with the grace that its reason allows, `force` without, at any time after. */
export interface Interruption {
  stop: AbortController;
  force: AbortController;
}

/** Looks each second, and when told, what someone wants of the attempt, until `done` aborts. The first wish is the reason. */
export async function watchWishes(
  bus: WorkerDeps['bus'],
  mailbox: Mailbox,
  attempt: string,
  { stop, force }: Interruption,
  done: AbortSignal,
): Promise<void> {
  while (!done.aborted) {
    const wish = parse(await bus.wish(attempt).catch(() => null));
    if (wish !== null) stop.abort(wish);
    if (wish?.kind === 'force') force.abort(wish);
    await mailbox.next(attempt, ({ kind }) => kind === 'wish', LOOK_EVERY, done);
  }
}

function parse(text: string | null): Wish | null {
  if (text === null) return null;
  try {
    return Wish.parse(JSON.parse(text));
  } catch {
    return null;
  }
}
