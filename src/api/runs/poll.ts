import type { ReaderWakeups } from '../../deps.ts';

/** Milliseconds after which the next poll happens even without a wakeup. */
const POLL_INTERVAL = 1000;

/** The result of one poll: the new items, and whether to wait for a wakeup, poll again at once, or stop. */
export interface Poll<T> {
  items: T[];
  next: 'wait' | 'again' | 'end';
}

/**
 * Polls after each wakeup on one of `channels`, and at least each second, until a poll returns `end` or `signal` aborts. Yields the items of
 * every poll, also an empty list. `poll` may add channels.
 */
export async function* pollOnWakeup<T>(
  wakeups: ReaderWakeups,
  channels: Set<string>,
  poll: () => Promise<Poll<T>>,
  signal: AbortSignal,
): AsyncGenerator<T[]> {
  const wakeup = openWakeup(wakeups, signal);
  try {
    while (!signal.aborted) {
      for (const channel of channels) wakeup.listen(channel);
      const { items, next } = await poll();
      yield items;
      if (next === 'end') return;
      if (next === 'wait') await wakeup.wait();
    }
  } finally {
    wakeup.close();
  }
}

/** A ring that comes while nobody waits is kept for the next wait. */
function openWakeup(wakeups: ReaderWakeups, signal: AbortSignal) {
  const closers = new Map<string, () => void>();
  let rung = false;
  let wake: (() => void) | null = null;
  const ring = () => {
    rung = true;
    wake?.();
  };
  signal.addEventListener('abort', ring);
  return {
    listen(channel: string): void {
      if (!closers.has(channel)) closers.set(channel, wakeups.listen(channel, ring));
    },
    async wait(): Promise<void> {
      if (!rung)
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, POLL_INTERVAL);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      rung = false;
      wake = null;
    },
    close(): void {
      signal.removeEventListener('abort', ring);
      for (const close of closers.values()) close();
    },
  };
}
