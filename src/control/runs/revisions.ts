import type { Transaction } from '../outbox/transact.ts';
import { type Revision, revision } from '../stored/columns.ts';

/** Stores what a rev changed and wakes the run's readers. */
export async function publishRevision(
  t: Pick<Transaction, 'sql' | 'effects'>,
  { id, rev }: { id: string; rev: number },
  change: Revision,
): Promise<void> {
  await t.sql
    .insertInto('revisions')
    .values({ run_id: id, rev, data: revision.write(change) })
    .execute();
  t.effects.push({ do: 'wake', channel: `run:${id}`, text: String(rev) });
}

/** A run at one rev, as its readers see it. */
export interface RunView {
  run: unknown;
  jobs: Map<string, JobView>;
}

export interface JobView {
  id: string;
  steps: { number: number }[];
  annotations: unknown[];
}

/** Applies a revision to `view` and returns the jobs that changed. Applying the same revision again changes nothing. */
export function applyRevision(view: RunView, { run, jobs }: Revision): JobView[] {
  view.run = run ?? view.run;
  return jobs.map(({ step, annotation, ...fields }) => {
    const before = view.jobs.get(fields.id) ?? { steps: [], annotations: [] };
    const job: JobView = { ...before, ...fields };
    if (step !== undefined) job.steps = placeStep(job.steps, step);
    if (annotation !== undefined) job.annotations = placeAnnotation(job.annotations, annotation);
    view.jobs.set(job.id, job);
    return job;
  });
}

function placeStep(steps: JobView['steps'], step: { number: number }): JobView['steps'] {
  return [...steps.filter(({ number }) => number !== step.number), step].toSorted((a, b) => a.number - b.number);
}

function placeAnnotation(annotations: unknown[], { number, ...annotation }: { number: number }): unknown[] {
  return annotations.toSpliced(number - 1, 1, annotation);
}
