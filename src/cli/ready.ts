import { z } from 'zod';

/** What a role tells its supervisor once it does its work. */
export const Ready = z.object({
  ready: z.literal(true),
  /** The server's: where it listens. */
  address: z.string().nullable(),
  /** The server's: that it has just made the first token. */
  first_token: z.boolean(),
});
export type Ready = z.infer<typeof Ready>;
