import type { Sql } from '../../deps.ts';
import type { Annotation } from '../../jobs/run/annotation.ts';
import type { Step } from '../../jobs/run/step.ts';
import type { AttemptRow } from '../attempts/attempts.ts';
import type { Transaction } from '../outbox/transact.ts';
import { presentStep } from './present.ts';
import { publishRevision } from './revisions.ts';

/** Stores the newest state of a step. The cost does not depend on the number of steps and jobs. */
export async function recordStep(t: Transaction, { subject_id: job, number }: AttemptRow, step: Step): Promise<void> {
  await t.sql
    .insertInto('steps')
    .values({ job_id: job, attempt: number, ...step })
    .onConflict((conflict) => conflict.columns(['job_id', 'attempt', 'number']).doUpdateSet(step))
    .execute();
  await publishRevision(t, await takeRev(t, job), { jobs: [{ id: job, step: presentStep(step) }] });
}

/** Adds an annotation to the attempt. */
export async function recordAnnotation(
  t: Transaction,
  { subject_id: job, number: attempt }: AttemptRow,
  annotation: Annotation,
): Promise<void> {
  const { number } = await t.sql
    .insertInto('annotations')
    .values((eb) => ({
      job_id: job,
      attempt,
      number: eb
        .selectFrom('annotations')
        .select((inner) => inner(inner.fn.coalesce(inner.fn.max('number'), inner.lit(0)), '+', 1).as('number'))
        .where('job_id', '=', job)
        .where('attempt', '=', attempt),
      ...annotation,
    }))
    .returning('number')
    .executeTakeFirstOrThrow();
  await publishRevision(t, await takeRev(t, job), { jobs: [{ id: job, annotation: { number, ...annotation } }] });
}

/** The next rev of the run that a job belongs to. */
function takeRev(t: Transaction, job: string): Promise<{ id: string; rev: number }> {
  return t.sql
    .updateTable('runs')
    .set((eb) => ({ rev: eb('rev', '+', 1) }))
    .where('id', '=', (eb) => eb.selectFrom('jobs').select('run_id').where('id', '=', job))
    .returning(['id', 'rev'])
    .executeTakeFirstOrThrow();
}

/** The progress of the newest started attempt at a job, as the API shows it. */
export interface Progress {
  steps: ReturnType<typeof presentStep>[];
  annotations: Annotation[];
}

/** The progress of the jobs of these runs, or of one job. */
export async function loadProgress(
  sql: Sql,
  { runs, job }: { runs: string[]; job?: string },
): Promise<(job: string) => Progress> {
  let steps = sql
    .selectFrom('jobs')
    .innerJoin('steps', (join) =>
      join.onRef('steps.job_id', '=', 'jobs.id').onRef('steps.attempt', '=', 'jobs.started_attempt'),
    )
    .selectAll('steps')
    .where('jobs.run_id', 'in', runs)
    .orderBy('steps.number');
  let annotations = sql
    .selectFrom('jobs')
    .innerJoin('annotations', (join) =>
      join.onRef('annotations.job_id', '=', 'jobs.id').onRef('annotations.attempt', '=', 'jobs.started_attempt'),
    )
    .selectAll('annotations')
    .where('jobs.run_id', 'in', runs)
    .orderBy('annotations.number');
  if (job !== undefined) {
    steps = steps.where('jobs.id', '=', job);
    annotations = annotations.where('jobs.id', '=', job);
  }
  const stepsOf = Map.groupBy(await steps.execute(), ({ job_id }) => job_id);
  const annotationsOf = Map.groupBy(await annotations.execute(), ({ job_id }) => job_id);
  return (id) => ({
    steps: (stepsOf.get(id) ?? []).map(presentStep),
    annotations: (annotationsOf.get(id) ?? []).map(({ path, line, column, level, message }) => ({
      path,
      line,
      column,
      level,
      message,
    })),
  });
}
