import type { Engine } from '../engine/connection.ts';
import { awaitCall } from '../engine/failure.ts';

/** How long after a process's end its out-of-memory event may arrive, in milliseconds. */
const EVENT_DELAY = 500;

/** Whether the kernel killed a process of the container for lack of memory at or after `since`. The Engine's own flag covers only the first process. */
export async function hadOutOfMemoryKill(engine: Engine, container: string, since: number): Promise<boolean> {
  const filters = JSON.stringify({ container: [container], event: ['oom'] });
  // The Engine keeps the stream open until then.
  const until = (Date.now() + EVENT_DELAY) / 1000;
  const events = await awaitCall('read events', engine.calls.getEvents({ since: since / 1000, until, filters }));
  for await (const chunk of events) if (chunk.length > 0) return true;
  return false;
}
