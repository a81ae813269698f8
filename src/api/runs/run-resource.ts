import { z } from '@hono/zod-openapi';
import { presentJob, presentRun } from '../../control/runs/present.ts';
import { loadProgress, type Progress } from '../../control/runs/progress.ts';
import { showReadable } from '../../control/stored/column.ts';
import type { Row, ServerDeps, Sql } from '../../deps.ts';
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

/** Runs as the API shows them, each with its jobs in the order of the workflow file. Unreadable runs are left out. */
export async function loadRunResources(
  { store: { read }, log }: Pick<ServerDeps, 'store' | 'log'>,
  runs: Row<'runs'>[],
): Promise<Run[]> {
  const { jobs, progress } = await loadJobs(read, runs);
  return showReadable(runs, (run) => toResource(run, jobs.get(run.id) ?? [], progress), log);
}

export async function loadRunResource(sql: Sql, id: string): Promise<Run | null> {
  const run = await sql.selectFrom('runs').selectAll().where('id', '=', id).executeTakeFirst();
  if (run === undefined) return null;
  const { jobs, progress } = await loadJobs(sql, [run]);
  return toResource(run, jobs.get(id) ?? [], progress);
}

export async function loadJobResource(sql: Sql, id: string): Promise<Job | null> {
  const row = await sql.selectFrom('jobs').selectAll().where('id', '=', id).executeTakeFirst();
  if (row === undefined) return null;
  const progress = await loadProgress(sql, { runs: [row.run_id], job: id });
  return { ...presentJob(row), ...progress(id) };
}

async function loadJobs(sql: Sql, runs: Row<'runs'>[]) {
  const ids = runs.map(({ id }) => id);
  const jobs = await sql.selectFrom('jobs').selectAll().where('run_id', 'in', ids).orderBy('position').execute();
  const progress = await loadProgress(sql, { runs: ids });
  return { jobs: Map.groupBy(jobs, ({ run_id }) => run_id), progress };
}

function toResource(run: Row<'runs'>, jobs: Row<'jobs'>[], progress: (job: string) => Progress): Run {
  return {
    ...presentRun(run),
    trigger: Trigger.shape.kind.parse(run.trigger),
    jobs: jobs.map((job) => ({ ...presentJob(job), ...progress(job.id) })),
  };
}
