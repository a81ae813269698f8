import { setTimeout as delay } from 'node:timers/promises';
import { ensureProxy } from '../../engine/deploy/proxy-container.ts';
import type { EngineDeps } from '../../engine/engine-deps.ts';
import { messageOf } from '../../error.ts';

const LOOK_EVERY = 10_000;

/** Sees to it that the proxy's container is up, and says which one it is; null while it cannot be. Until `done` aborts. */
export async function keepProxy(
  deps: EngineDeps,
  tell: (container: string | null) => void,
  done: AbortSignal,
): Promise<void> {
  let complaint = '';
  while (!done.aborted) {
    try {
      tell(await ensureProxy(deps));
      complaint = '';
    } catch (error) {
      tell(null);
      const message = messageOf(error);
      // Said once, not each time round.
      if (message !== complaint) deps.log.warn({ err: error }, 'the proxy is not up');
      complaint = message;
    }
    await delay(LOOK_EVERY, undefined, { signal: done }).catch(() => undefined);
  }
}
