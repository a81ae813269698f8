import type { Place } from '../yaml/yaml-source.ts';

/** A job's id in `needs`, with its place in the file. */
export interface Need extends Place {
  id: string;
}

export interface JobNeeds {
  id: string;
  needs: Need[];
}

/** Reports unknown jobs, or else one cycle. Job ids are case-insensitive. */
export function checkNeeds(jobs: readonly JobNeeds[]): (Place & { message: string })[] {
  const byId = new Map(jobs.map((job) => [job.id.toLowerCase(), job]));
  const unknown = jobs.flatMap((job) => job.needs.filter((need) => !byId.has(need.id.toLowerCase())));
  if (unknown.length > 0)
    return unknown.map(({ id, line, column }) => ({ line, column, message: `\`needs\`: unknown job \`${id}\`` }));
  return findCycle(jobs, byId);
}

/** Every blocked job needs another blocked job, so following them leads into a cycle. */
function findCycle(jobs: readonly JobNeeds[], byId: Map<string, JobNeeds>): (Place & { message: string })[] {
  const blocked = blockedJobs(jobs, byId);
  const path = new Set<JobNeeds>();
  let need: Need | undefined;
  let [job] = blocked;
  while (job !== undefined && !path.has(job)) {
    path.add(job);
    need = job.needs.find(({ id }) => blocked.has(byId.get(id.toLowerCase()) as JobNeeds));
    job = need && byId.get(need.id.toLowerCase());
  }
  if (job === undefined || need === undefined) return [];
  const ids = [...path, job].map(({ id }) => `\`${id}\``);
  const cycle = ids.slice(ids.indexOf(`\`${job.id}\``)).join(' → ');
  return [{ line: need.line, column: need.column, message: `\`needs\` has a cycle: ${cycle}` }];
}

/** The jobs that can never start: repeatedly removes the jobs whose needs are all removed. */
function blockedJobs(jobs: readonly JobNeeds[], byId: Map<string, JobNeeds>): Set<JobNeeds> {
  const waiting = new Map<JobNeeds, number>();
  const after = new Map<JobNeeds, JobNeeds[]>(jobs.map((job) => [job, []]));
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
