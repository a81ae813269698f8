import type { Lane } from '../../../jobs/run/plan.ts';

/** Control's side of the lanes. BullMQ distributes the offers and is used for nothing else. */
export interface Offers {
  /** Adding the same attempt again is harmless. */
  offer(lane: Lane, attempt: string): Promise<void>;
  withdraw(lane: Lane, attempt: string): Promise<void>;
  /** Whether Redis answers in time. */
  reachable(): Promise<boolean>;
  close(): Promise<void>;
}

/** A worker's side of the lanes. */
export interface Taker {
  /** Calls `take` for each offer. Each call uses a slot until it resolves, and must not reject. */
  take(lane: Lane, slots: number, take: (attempt: string) => Promise<void>): void;
  /** Takes no more offers; resolves when every `take` has resolved. */
  drain(): Promise<void>;
  close(): Promise<void>;
}
