import { z } from 'zod';

/** The state of a step; times in milliseconds since 1970. */
export const Step = z.object({
  /** From 1, in the order of the file. In a log, 0 is the job itself (set-up and clean-up). */
  number: z.int().min(0),
  id: z.string().nullable(),
  name: z.string(),
  status: z.enum(['running', 'succeeded', 'failed', 'errored', 'timed_out', 'cancelled', 'skipped']),
  reason: z.string().nullable(),
  exit_code: z.int().nullable(),
  started_at: z.int().nullable(),
  finished_at: z.int().nullable(),
});
export type Step = z.infer<typeof Step>;
