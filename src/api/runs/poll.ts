import type { ReaderWakeups } from '../../deps.ts';
import { openWakeup } from '../../wakeup.ts';

/** Milliseconds after which the next poll happens even without a wakeup. */
const POLL_INTERVAL = 1000;

/** The result of one poll: the new items, and whether to wait for a wakeup, poll again at once, or stop. */
export interface Poll<T> {
  items: T[];
  next: 'wait' | 'again' | 'end';
}

/**
 * Polls after each wakeup on one of `channels`, and at least once a second, until a poll returns `end` or `signal` aborts. Yields the items of
 * every poll, even if there are no items. `poll` may add channels.
 */
export async function* pollOnWakeup<T>(
  wakeups: ReaderWakeups,
  channels: Set<string>,
  poll: () => Promise<Poll<T>>,
  signal: AbortSignal,
): AsyncGenerator<T[]> {
  const wakeup = openWakeup();
  const closers = new Map<string, () => void>();
  try {
    while (!signal.aborted) {
      for (const channel of channels)
        if (!closers.has(channel)) closers.set(channel, wakeups.listen(channel, wakeup.wake));
      const { items, next } = await poll();
      yield items;
      if (next === 'end') return;
      if (next === 'wait') await wakeup.wait(POLL_INTERVAL, signal);
    }
  } finally {
    for (const close of closers.values()) close();
  }
}
