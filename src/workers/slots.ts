import type { Heartbeat } from '../jobs/protocol/message.ts';
import { poolOf } from '../jobs/protocol/offers.ts';
import type { Lane } from '../jobs/run/plan.ts';

export type Pool = keyof Heartbeat['free'];

/** Plans and reports have slots of their own, so that no job delays them. */
const SEPARATE = 2;

/** How many attempts of each pool a worker holds at once. One of `slots` is reserved for deploy; test and build share the others. */
export function poolSizes(slots: number): Record<Pool, number> {
  return { plan: SEPARATE, notify: SEPARATE, work: slots - 1, deploy: 1 };
}

/** The attempts that a worker holds. */
export class Slots {
  readonly #sizes: Record<Pool, number>;
  readonly #held = new Map<string, Pool>();

  constructor(slots: number) {
    this.#sizes = poolSizes(slots);
  }

  size(lane: Lane): number {
    return this.#sizes[poolOf(lane)];
  }

  /** False when the pool is full, or when the attempt is already held: Redis may hand out an offer twice. */
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
