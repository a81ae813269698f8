import type { Place } from '../yaml/yaml-source.ts';

/** A job's name in `needs`, and where it stands. */
export interface Need extends Place {
  id: string;
}

export interface Needy {
  id: string;
  needs: Need[];
}

/** Unknown jobs and circles, each with the place to point at. Job ids are the same in any case. */
export function problemsOfNeeds(jobs: readonly Needy[]): (Place & { message: string })[] {
  const byId = new Map(jobs.map((job) => [job.id.toLowerCase(), job]));
  const unknown = jobs.flatMap((job) => job.needs.filter((need) => !byId.has(need.id.toLowerCase())));
  if (unknown.length > 0)
    return unknown.map(({ id, line, column }) => ({ line, column, message: `\`needs\`: there is no job \`${id}\`` }));
  return circle(jobs, byId);
}

/** One circle, if there is any: whoever waits for ever needs another who does, and so on until one comes again. */
function circle(jobs: readonly Needy[], byId: Map<string, Needy>): (Place & { message: string })[] {
  const stuck = waitingForEver(jobs, byId);
  const way = new Set<Needy>();
  let need: Need | undefined;
  let [job] = stuck;
  while (job !== undefined && !way.has(job)) {
    way.add(job);
    need = job.needs.find(({ id }) => stuck.has(byId.get(id.toLowerCase()) as Needy));
    job = need && byId.get(need.id.toLowerCase());
  }
  if (job === undefined || need === undefined) return [];
  const ids = [...way, job].map(({ id }) => `\`${id}\``);
  const round = ids.slice(ids.indexOf(`\`${job.id}\``)).join(' → ');
  return [{ line: need.line, column: need.column, message: `\`needs\` goes in a circle: ${round}` }];
}

/** Takes away the jobs that can run, until none can. */
function waitingForEver(jobs: readonly Needy[], byId: Map<string, Needy>): Set<Needy> {
  const waiting = new Map<Needy, number>();
  const after = new Map<Needy, Needy[]>(jobs.map((job) => [job, []]));
  for (const job of jobs) {
    const needs = new Set(job.needs.flatMap(({ id }) => byId.get(id.toLowerCase()) ?? []));
    waiting.set(job, needs.size);
    for (const need of needs) after.get(need)?.push(job);
  }
  const ready = jobs.filter((job) => waiting.get(job) === 0);
  for (let job = ready.pop(); job !== undefined; job = ready.pop()) {
    waiting.delete(job);
    for (const next of after.get(job) ?? []) {
      const left = (waiting.get(next) ?? 0) - 1;
      waiting.set(next, left);
      if (left === 0) ready.push(next);
    }
  }
  return new Set(waiting.keys());
}
