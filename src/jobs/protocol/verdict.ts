import { z } from 'zod';
import { EndStatus } from '../status.ts';

/** What an attempt came to. `reason` is for people and null only for plain success. */
export const Verdict = z.object({
  status: EndStatus,
  reason: z.string().nullable(),
  exit_code: z.int().nullable(),
  /** Errored only because the worker was told to stop: the next attempt costs nothing of the retry budget. */
  handed_back: z.boolean().optional(),
});
export type Verdict = z.infer<typeof Verdict>;
