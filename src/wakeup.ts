import { setTimeout as delay } from 'node:timers/promises';

/** Wakes one waiter. When nobody waits, the next wait returns at once. */
export interface Wakeup {
  wake: () => void;
  /** Resolves at the next wake, after `milliseconds`, or when `signal` aborts. */
  wait: (milliseconds: number, signal: AbortSignal) => Promise<void>;
}

export function openWakeup(): Wakeup {
  let woken = false;
  let early: AbortController | null = null;
  return {
    wake: () => {
      woken = true;
      early?.abort();
    },
    wait: async (milliseconds, signal) => {
      if (!woken) {
        early = new AbortController();
        const either = AbortSignal.any([signal, early.signal]);
        await delay(milliseconds, undefined, { signal: either }).catch(() => undefined);
        early = null;
      }
      woken = false;
    },
  };
}
