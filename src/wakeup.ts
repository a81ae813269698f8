import { setTimeout as wait } from 'node:timers/promises';

/** What a reader sleeps on. A ring that nobody waited for is kept for the next who waits. */
export interface Wakeup {
  wake: () => void;
  /** Resolves at the next ring, after `ms`, or when `signal` aborts. */
  wait: (ms: number, signal: AbortSignal) => Promise<void>;
}

export function openWakeup(): Wakeup {
  let rung = false;
  let early: AbortController | null = null;
  return {
    wake: () => {
      rung = true;
      early?.abort();
    },
    wait: async (ms, signal) => {
      if (!rung) {
        early = new AbortController();
        await wait(ms, undefined, { signal: AbortSignal.any([signal, early.signal]) }).catch(() => undefined);
        early = null;
      }
      rung = false;
    },
  };
}
