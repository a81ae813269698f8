import { z } from 'zod';

/** What a role tells its supervisor once it does its work. */
export const Ready = z.object({
  ready: z.literal(true),
  server: z
    .object({
      /** Where it listens. */
      address: z.string(),
      /** It has just made the first token. */
      first_token: z.boolean(),
      /** What Docker's objects are labelled with. */
      installation: z.string(),
    })
    .nullable(),
});
export type Ready = z.infer<typeof Ready>;
export type ServerReady = NonNullable<Ready['server']>;
