import { z } from 'zod';
import { exits } from '../terminal/exit.ts';

/** The message that a role sends to its supervisor when it is ready. */
export const Ready = z.object({
  ready: z.literal(true),
  server: z
    .object({
      /** Where it listens. */
      address: z.string(),
      /** Whether this start created the first token. */
      first_token: z.boolean(),
      /** The installation id: the label of everything that Gantry creates in Docker. */
      installation: z.string(),
    })
    .nullable(),
});
export type Ready = z.infer<typeof Ready>;
export type ServerReady = NonNullable<Ready['server']>;

/**
 * Makes this process a role: `ps` shows it as `gantry <name>`, and a role that `gantry up` started exits when its supervisor
 * ends. The caller handles the first signal by draining; Node's default handling of the second one ends the process.
 */
export function becomeRole(name: 'server' | 'worker'): void {
  process.title = `gantry ${name}`;
  if (process.send === undefined) return;
  if (!process.connected) exitOrphan();
  process.once('disconnect', exitOrphan);
  // The channel alone must not keep a role alive after its work has ended.
  process.channel?.unref();
}

/** Sends `ready` to the supervisor, if there is one. A worker passes null. */
export function reportReady(server: ServerReady | null): void {
  process.send?.({ ready: true, server } satisfies Ready);
}

/**
 * Exits after the role's work has ended, even if handles are still open. An abandoned health gate, for example, can stay open in the
 * proxy for minutes; the next reconciliation of its environment removes it.
 */
export function exitRole(): void {
  setTimeout(() => process.exit(), FLUSH_TIME).unref();
}

/** Milliseconds for pending writes, such as log lines. */
const FLUSH_TIME = 500;

function exitOrphan(): never {
  process.exit(exits.failed);
}
