import { z } from 'zod';

/** A message about a place in a file of the repository; lines and columns count from 1. */
export const Annotation = z.object({
  path: z.string(),
  line: z.int().min(1),
  column: z.int().min(1),
  level: z.enum(['failure', 'warning', 'notice']),
  message: z.string(),
});
export type Annotation = z.infer<typeof Annotation>;
