import type { Engine } from '../engine/connection.ts';
import { asked } from '../engine/failure.ts';

/** How long after a process's end its out-of-memory event may arrive, in milliseconds. */
const LATE = 500;

/** Whether the kernel killed a process of the container for lack of memory since then. The Engine's own flag covers only the first process. */
export async function sawOutOfMemory(engine: Engine, container: string, since: number): Promise<boolean> {
  const filters = JSON.stringify({ container: [container], event: ['oom'] });
  // The stream stays open until then; the first event is enough.
  const until = (Date.now() + LATE) / 1000;
  const events = await asked('read events', engine.calls.getEvents({ since: since / 1000, until, filters }));
  for await (const chunk of events) if (chunk.length > 0) return true;
  return false;
}
