import type { Lane } from '../../../jobs/run/plan.ts';

/** BullMQ as hand-out of offers; its verdicts change nothing. */
export interface Offers {
  /** Adding the same attempt again is harmless. */
  offer(lane: Lane, attempt: string): Promise<void>;
  withdraw(lane: Lane, attempt: string): Promise<void>;
  /** Whether Redis answers in time. */
  reachable(): Promise<boolean>;
  close(): Promise<void>;
}

/** A worker's end of the lanes. */
export interface Taker {
  /** `take` holds the slot until it resolves; it never rejects. */
  take(lane: Lane, slots: number, take: (attempt: string) => Promise<void>): void;
  /** Takes nothing new from here on; resolves when all that was taken has been let go. */
  drain(): Promise<void>;
  close(): Promise<void>;
}
