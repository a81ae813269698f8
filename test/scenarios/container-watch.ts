import type { Readable } from 'node:stream';
import Dockerode from 'dockerode';

const engine = new Dockerode();

export interface ContainerWatch extends AsyncDisposable {
  /** The highest number of containers of this job that ran at the same time. */
  maxConcurrent(job: string): number;
}

/** Counts containers by the Engine's events, so that even a short-lived one is counted. */
export async function watchContainers(installation: string): Promise<ContainerWatch> {
  const filters = { event: ['start', 'die'], label: [`gantry.installation=${installation}`] };
  const events = (await engine.getEvents({ filters })) as Readable;
  const current = new Map<string, number>();
  const highest = new Map<string, number>();
  let rest = '';
  events.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk.toString()).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) count(JSON.parse(line) as EngineEvent);
  });
  return {
    maxConcurrent: (job) => highest.get(job) ?? 0,
    [Symbol.asyncDispose]: async () => {
      events.destroy();
    },
  };

  function count({ Action, Actor }: EngineEvent): void {
    const job = Actor.Attributes['gantry.job'];
    if (job === undefined) return;
    const running = (current.get(job) ?? 0) + (Action === 'start' ? 1 : -1);
    current.set(job, running);
    highest.set(job, Math.max(highest.get(job) ?? 0, running));
  }
}

interface EngineEvent {
  Action: string;
  Actor: { Attributes: Record<string, string> };
}
