import { z } from '@hono/zod-openapi';
import { presentJob, presentRun } from '../../control/runs/present.ts';
import type { Row, Sql } from '../../deps.ts';
import { Annotation } from '../../jobs/run/annotation.ts';
import { JobKind } from '../../jobs/run/plan.ts';
import { Step } from '../../jobs/run/step.ts';
import { Trigger } from '../../jobs/run/trigger.ts';
import { JobStatus } from '../../jobs/status.ts';
import { Timestamp } from '../http/route.ts';

const Times = {
  created_at: Timestamp,
  started_at: Timestamp.nullable(),
  finished_at: Timestamp.nullable(),
};

export const Job = z
  .object({
    id: z.string(),
    run_id: z.string(),
    key: z.string(),
    name: z.string(),
    kind: JobKind,
    status: JobStatus,
    reason: z.string().nullable(),
    exit_code: z.int().nullable(),
    attempt: z.int(),
    needs: z.array(z.string()),
    image: z.string().nullable(),
    outputs: z.record(z.string(), z.string()),
    annotations: z.array(Annotation),
    steps: z.array(Step.extend({ started_at: Timestamp.nullable(), finished_at: Timestamp.nullable() })),
    queued_at: Timestamp.nullable(),
    ...Times,
  })
  .openapi('Job');
export type Job = z.infer<typeof Job>;

export const Run = z
  .object({
    id: z.string(),
    number: z.int(),
    repo: z.string().nullable(),
    workflow: z.string(),
    path: z.string().nullable(),
    trigger: Trigger.shape.kind,
    event: z.string(),
    ref: z.string().nullable(),
    branch: z.string().nullable(),
    sha: z.string().nullable(),
    actor: z.string().nullable(),
    status: JobStatus,
    reason: z.string().nullable(),
    annotations: z.array(Annotation),
    ...Times,
    jobs: z.array(Job),
  })
  .openapi('Run');
export type Run = z.infer<typeof Run>;

/** API representations of runs, each with its jobs in workflow order. */
export async function loadRunResources(sql: Sql, runs: Row<'runs'>[]): Promise<Run[]> {
  if (runs.length === 0) return [];
  const ids = runs.map((run) => run.id);
  const jobs = await sql.selectFrom('jobs').selectAll().where('run_id', 'in', ids).orderBy('position').execute();
  return runs.map((run) => ({
    ...presentRun(run),
    trigger: Trigger.shape.kind.parse(run.trigger),
    jobs: jobs.filter((job) => job.run_id === run.id).map(presentJob),
  }));
}

export async function loadRunResource(sql: Sql, id: string): Promise<Run | null> {
  const rows = await sql.selectFrom('runs').selectAll().where('id', '=', id).execute();
  return (await loadRunResources(sql, rows))[0] ?? null;
}

export async function loadJobResource(sql: Sql, id: string): Promise<Job | null> {
  const row = await sql.selectFrom('jobs').selectAll().where('id', '=', id).executeTakeFirst();
  return row === undefined ? null : presentJob(row);
}
