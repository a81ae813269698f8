import type { Readable } from 'node:stream';
import Dockerode from 'dockerode';

const engine = new Dockerode();

export interface Watch extends AsyncDisposable {
  /** How many containers of this job were there at the same time, at most. */
  maxConcurrent(job: string): number;
}

/** Counts containers by what the Engine itself tells, so that none is too short-lived to be seen. */
export async function watchContainers(installation: string): Promise<Watch> {
  const filters = { event: ['start', 'die'], label: [`gantry.installation=${installation}`] };
  const events = (await engine.getEvents({ filters })) as Readable;
  const now = new Map<string, number>();
  const most = new Map<string, number>();
  let rest = '';
  events.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk.toString()).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) count(JSON.parse(line) as EngineEvent);
  });
  return {
    maxConcurrent: (job) => most.get(job) ?? 0,
    [Symbol.asyncDispose]: async () => {
      events.destroy();
    },
  };

  function count({ Action, Actor }: EngineEvent): void {
    const job = Actor.Attributes['gantry.job'];
    if (job === undefined) return;
    const running = (now.get(job) ?? 0) + (Action === 'start' ? 1 : -1);
    now.set(job, running);
    most.set(job, Math.max(most.get(job) ?? 0, running));
  }
}

interface EngineEvent {
  Action: string;
  Actor: { Attributes: Record<string, string> };
}
