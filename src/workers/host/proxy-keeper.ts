import { setTimeout as delay } from 'node:timers/promises';
import { ensureProxy } from '../../engine/deploy/proxy-container.ts';
import type { EngineDeps } from '../../engine/engine-deps.ts';
import { messageOf } from '../../error.ts';

/** Milliseconds. */
const INTERVAL = 10_000;

/** Keeps the proxy's container running until `done` aborts. After every check `report` gets the container's id, or null when it does not run. */
export async function keepProxy(
  deps: EngineDeps,
  report: (container: string | null) => void,
  done: AbortSignal,
): Promise<void> {
  let logged = '';
  while (!done.aborted) {
    try {
      report(await ensureProxy(deps));
      logged = '';
    } catch (error) {
      report(null);
      const message = messageOf(error);
      // The same error is logged once, not every 10 s.
      if (message !== logged) deps.log.warn({ err: error }, 'cannot start the proxy');
      logged = message;
    }
    await delay(INTERVAL, undefined, { signal: done }).catch(() => undefined);
  }
}
