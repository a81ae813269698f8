import { setTimeout as wait } from 'node:timers/promises';

/** What a reader sleeps on. A ring that nobody waited for is kept for the next who waits. */
export interface Bell {
  ring: () => void;
  /** Resolves at the next ring, after `ms`, or when `signal` aborts. */
  wait: (ms: number, signal: AbortSignal) => Promise<void>;
}

export function openBell(): Bell {
  let rung = false;
  let early: AbortController | null = null;
  return {
    ring: () => {
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
