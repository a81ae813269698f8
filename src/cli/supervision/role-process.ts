import { z } from 'zod';
import { exits } from '../terminal/exit.ts';

/**
 * Makes this process a role: its command line reads `gantry <name>`, and where `gantry up` started it, it ends at once when
 * that is gone. A first signal drains (the caller's business), a second one ends it: Node's own answer once ours has been used.
 */
export function becomeRole(name: 'server' | 'worker'): void {
  process.title = `gantry ${name}`;
  if (process.send === undefined) return;
  if (!process.connected) leave();
  process.once('disconnect', leave);
  // Listening alone must not keep a role alive whose work has ended.
  process.channel?.unref();
}

/** A worker has nothing more to tell. */
export function reportReady(server: ServerReady | null): void {
  process.send?.({ ready: true, server } satisfies Ready);
}

/**
 * Its work has ended: what else is open must not keep it. A gate that was called off may be watched for minutes yet, in the proxy;
 * the environment's next reconciliation sees to it.
 */
export function exitRole(): void {
  setTimeout(() => process.exit(), LAST_WRITES).unref();
}

/** Milliseconds for lines that are being written. */
const LAST_WRITES = 500;

function leave(): never {
  process.exit(exits.failed);
}

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
