const FIRST = 1000;
const LONGEST = 30_000;
const CALM = 60_000;

/** How long to wait before the next start: 1 s, doubling up to 30 s, from the beginning again after a minute without one. */
export function backoff(now: () => number = Date.now): { next(): number } {
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
