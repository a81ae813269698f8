import type { Ready, ServerReady } from './ready.ts';
import { exits } from './exit.ts';

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
export function tellReady(server: ServerReady | null): void {
  process.send?.({ ready: true, server } satisfies Ready);
}

function leave(): never {
  process.exit(exits.failed);
}
