import type { Engine } from '../engine/connection.ts';
import { asked } from '../engine/failure.ts';

/** How long after a process's end the Engine may still owe the event of its killing, in milliseconds. */
const LATE = 500;

/** Whether the kernel killed something in the container for want of memory since then. The Engine's own flag misses all but the container's first process. */
export async function sawOutOfMemory(engine: Engine, container: string, since: number): Promise<boolean> {
  const filters = JSON.stringify({ container: [container], event: ['oom'] });
  // The answer goes on until then; the first event is enough.
  const until = (Date.now() + LATE) / 1000;
  const events = await asked('read events', engine.calls.getEvents({ since: since / 1000, until, filters }));
  for await (const chunk of events) if (chunk.length > 0) return true;
  return false;
}
