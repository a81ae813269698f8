import { readFileSync } from 'node:fs';

const FIRST_PAUSE = 1000;
const LONGEST_PAUSE = 30_000;
const RESET_AFTER = 60_000;

/** Milliseconds to wait before each restart: 1 s, doubling up to 30 s, and 1 s again after a minute without a restart. */
export function restartBackoff(now: () => number = Date.now): { next(): number } {
  let pause = 0;
  let last = Number.NEGATIVE_INFINITY;
  return {
    next() {
      pause = now() - last > RESET_AFTER + pause ? FIRST_PAUSE : Math.min(pause * 2, LONGEST_PAUSE);
      last = now();
      return pause;
    },
  };
}

/** Whether a process of this user is running. A zombie, which has ended but was not reaped, is not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return true;
  }
}
