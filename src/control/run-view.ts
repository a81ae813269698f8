import { z } from 'zod';
import type { Row } from '../deps.ts';
import { Annotation } from '../jobs/annotation.ts';
import { JobKind } from '../jobs/plan.ts';
import { JobStatus } from '../jobs/status.ts';
import { Step } from '../jobs/step.ts';
import { Trigger } from '../jobs/trigger.ts';
import { Timestamp, timestamp, timestampOrNull } from './timestamp.ts';

export const StepView = Step.extend({ started_at: Timestamp.nullable(), finished_at: Timestamp.nullable() });
export type StepView = z.infer<typeof StepView>;

/** A job as its readers see it, in an answer and in a run's events alike. */
export const JobView = z.object({
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
  outputs: z.record(z.string(), z.string()),
  steps: z.array(StepView),
  annotations: z.array(Annotation),
  created_at: Timestamp,
  queued_at: Timestamp.nullable(),
  started_at: Timestamp.nullable(),
  finished_at: Timestamp.nullable(),
});
export type JobView = z.infer<typeof JobView>;

/** A run as its readers see it, without its jobs. */
export const RunView = z.object({
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
  app: z.string().nullable(),
  status: JobStatus,
  reason: z.string().nullable(),
  annotations: z.array(Annotation),
  created_at: Timestamp,
  started_at: Timestamp.nullable(),
  finished_at: Timestamp.nullable(),
});
export type RunView = z.infer<typeof RunView>;

export function viewRun(row: Row<'runs'>): RunView {
  return {
    id: row.id,
    number: row.number,
    repo: row.repo,
    workflow: row.workflow,
    path: row.path,
    trigger: Trigger.shape.kind.parse(row.trigger),
    event: row.event,
    ref: row.ref,
    branch: row.branch,
    sha: row.sha,
    actor: row.actor,
    app: row.app,
    status: row.status,
    reason: row.reason,
    annotations: z.array(Annotation).parse(JSON.parse(row.annotations)),
    created_at: timestamp(row.created_at),
    started_at: timestampOrNull(row.started_at),
    finished_at: timestampOrNull(row.finished_at),
  };
}

export function viewJob(row: Row<'jobs'>): JobView {
  return {
    id: row.id,
    run_id: row.run_id,
    key: row.key,
    name: row.name,
    kind: row.kind,
    status: row.status,
    reason: row.reason,
    exit_code: row.exit_code,
    attempt: row.attempt,
    needs: z.array(z.string()).parse(JSON.parse(row.needs)),
    outputs: JobView.shape.outputs.parse(JSON.parse(row.outputs)),
    steps: z.array(Step).parse(JSON.parse(row.steps)).map(viewStep),
    annotations: z.array(Annotation).parse(JSON.parse(row.annotations)),
    created_at: timestamp(row.created_at),
    queued_at: timestampOrNull(row.queued_at),
    started_at: timestampOrNull(row.started_at),
    finished_at: timestampOrNull(row.finished_at),
  };
}

function viewStep(step: Step): StepView {
  return { ...step, started_at: timestampOrNull(step.started_at), finished_at: timestampOrNull(step.finished_at) };
}
