import type { Engine } from './connection.ts';
import { asked } from './failure.ts';

/** Whether the kernel killed something in the container for want of memory since then. The Engine's own flag misses all but the container's first process. */
export async function sawOutOfMemory(engine: Engine, container: string, since: number): Promise<boolean> {
  const filters = JSON.stringify({ container: [container], event: ['oom'] });
  const until = Date.now() / 1000;
  const events = await asked('read events', engine.calls.getEvents({ since: since / 1000, until, filters }));
  let seen = false;
  for await (const chunk of events) seen ||= chunk.length > 0;
  return seen;
}
