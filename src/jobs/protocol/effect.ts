import { z } from 'zod';
import { Lane } from '../run/plan.ts';
import { WorkerMessage } from './message.ts';

/** What control wants done outside of SQL once a transaction is committed. Each is harmless when done twice. */
export const Effect = z.discriminatedUnion('do', [
  /** Look whether something may be offered. */
  z.object({ do: z.literal('offer') }),
  z.object({ do: z.literal('withdraw'), lane: Lane, attempt: z.string() }),
  z.object({ do: z.literal('wake'), channel: z.string(), text: z.string() }),
  z.object({ do: z.literal('tell'), worker: z.string(), message: WorkerMessage }),
  z.object({ do: z.literal('stop'), worker: z.string(), attempt: z.string(), request: z.string() }),
  /** See what follows in an environment. */
  z.object({ do: z.literal('environment'), app: z.string(), environment: z.string() }),
  /** A question of this attempt can be answered now. */
  z.object({ do: z.literal('answer'), attempt: z.string(), seq: z.int() }),
]);
export type Effect = z.infer<typeof Effect>;
