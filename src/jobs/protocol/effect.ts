import { z } from 'zod';
import { Lane } from '../run/plan.ts';
import { WorkerMessage } from './message.ts';

/** What control does outside of SQL after a commit. An effect can safely be performed twice. */
export const Effect = z.discriminatedUnion('do', [
  /** Offer attempts for the fleet's free slots. */
  z.object({ do: z.literal('offer') }),
  /** Take an offer back. */
  z.object({ do: z.literal('withdraw'), lane: Lane, attempt: z.string() }),
  /** Wake the readers of a channel. */
  z.object({ do: z.literal('wake'), channel: z.string(), text: z.string() }),
  /** Put a message into a worker's mailbox. */
  z.object({ do: z.literal('send'), worker: z.string(), message: WorkerMessage }),
  /** Start the next deployment of an environment, or its reconciliation. */
  z.object({ do: z.literal('environment'), app: z.string(), environment: z.string() }),
  /** Answer the question that event `seq` of an attempt asked, if it can be answered now. */
  z.object({ do: z.literal('answer'), attempt: z.string(), seq: z.int() }),
]);
export type Effect = z.infer<typeof Effect>;

/** Effects of committed transactions that are still to be performed. */
export interface Outbox {
  /** Performs all effects in order; one drain runs at a time. Never rejects: while Redis is unreachable, the effects are kept. */
  drain(): Promise<void>;
}
