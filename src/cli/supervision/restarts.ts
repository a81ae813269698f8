import { readFileSync } from 'node:fs';

const FIRST = 1000;
const LONGEST = 30_000;
const CALM = 60_000;

/** How long to wait before the next start: 1 s, doubling up to 30 s, from the beginning again after a minute without one. */
export function restartBackoff(now: () => number = Date.now): { next(): number } {
  let pause = 0;
  let last = Number.NEGATIVE_INFINITY;
  return {
    next() {
      pause = now() - last > CALM + pause ? FIRST : Math.min(pause * 2, LONGEST);
      last = now();
      return pause;
    },
  };
}

/** Whether a process of this user runs; one that ended and that nobody has reaped does not. */
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
