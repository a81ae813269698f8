import { z } from 'zod';
import { EndStatus } from './status.ts';

/** What an attempt came to. `reason` is for people and null only for plain success. */
export const Verdict = z.object({
  status: EndStatus,
  reason: z.string().nullable(),
  exit_code: z.int().nullable(),
});
export type Verdict = z.infer<typeof Verdict>;
