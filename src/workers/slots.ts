import type { Heartbeat } from '../jobs/protocol/message.ts';
import { poolOf } from '../jobs/protocol/offers.ts';
import type { Lane } from '../jobs/run/plan.ts';

export type Pool = keyof Heartbeat['free'];

/** Plans and reports have slots of their own, so that no job keeps GitHub waiting. */
const APART = 2;

/** How many attempts of each kind a worker holds at once: of `slots` jobs one is kept for deploy, the others are test's and build's together. */
export function poolSizes(slots: number): Record<Pool, number> {
  return { plan: APART, notify: APART, work: slots - 1, deploy: 1 };
}

/** Which attempts hold a worker's slots. */
export class Slots {
  readonly #sizes: Record<Pool, number>;
  readonly #held = new Map<string, Pool>();

  constructor(slots: number) {
    this.#sizes = poolSizes(slots);
  }

  size(lane: Lane): number {
    return this.#sizes[poolOf(lane)];
  }

  /** False when the pool is full, or the attempt is held already (Redis may hand it out twice). */
  take(lane: Lane, attempt: string): boolean {
    const pool = poolOf(lane);
    if (this.#held.has(attempt) || this.free[pool] <= 0) return false;
    this.#held.set(attempt, pool);
    return true;
  }

  release(attempt: string): void {
    this.#held.delete(attempt);
  }

  get held(): string[] {
    return [...this.#held.keys()];
  }

  get free(): Record<Pool, number> {
    const free = { ...this.#sizes };
    for (const pool of this.#held.values()) free[pool] -= 1;
    return free;
  }
}
