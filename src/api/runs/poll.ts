import type { ReaderWakeups } from '../../deps.ts';

/** A lost ring costs a reader this much, in milliseconds. */
const LOOK_EVERY = 1000;

/** One look at what is followed: what is new, whether more may be had at once, and whether that was the end. */
export interface Poll<T> {
  news: T[];
  next: 'wait' | 'again' | 'end';
}

/**
 * Looks, and again with each ring of one of `channels` and each second, until a look is the end or `signal` aborts. Looks that found nothing
 * are told too. A channel may be added on the way.
 */
export async function* pollOnWakeup<T>(
  wakeups: ReaderWakeups,
  channels: Set<string>,
  look: () => Promise<Poll<T>>,
  signal: AbortSignal,
): AsyncGenerator<T[]> {
  const wakeup = openWakeup(wakeups, signal);
  try {
    while (!signal.aborted) {
      for (const channel of channels) wakeup.listen(channel);
      const { news, next } = await look();
      yield news;
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
          const timer = setTimeout(resolve, LOOK_EVERY);
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
