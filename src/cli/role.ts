import type { Ready } from './ready.ts';
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
}

export function tellReady(ready: Omit<Ready, 'ready'>): void {
  process.send?.({ ready: true, ...ready } satisfies Ready);
}

function leave(): never {
  process.exit(exits.failed);
}
