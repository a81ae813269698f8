import { z } from 'zod';

/** A step as a reader of the job sees it; times in milliseconds since 1970. */
export const Step = z.object({
  /** From 1, in the order of the file; 0 in a log is the job itself (set-up and end). */
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
