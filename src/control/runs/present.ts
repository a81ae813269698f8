import type { Row } from '../../deps.ts';
import type { Step } from '../../jobs/run/step.ts';
import { jobNeeds, jobOutputs, jobSpec, runAnnotations } from '../stored/columns.ts';

/** A run as the API shows it, without its jobs. */
export function presentRun(run: Row<'runs'>) {
  return {
    id: run.id,
    number: run.number,
    repo: run.repo,
    workflow: run.workflow,
    path: run.path,
    trigger: run.trigger,
    event: run.event,
    ref: run.ref,
    branch: run.branch,
    sha: run.sha,
    actor: run.actor,
    status: run.status,
    reason: run.reason,
    annotations: runAnnotations.read(run),
    created_at: time(run.created_at),
    started_at: time(run.started_at),
    finished_at: time(run.finished_at),
  };
}

/** A job as the API shows it, without its steps and annotations. Its plan and its secrets are never shown. */
export function presentJob(job: Row<'jobs'>) {
  return {
    id: job.id,
    run_id: job.run_id,
    key: job.key,
    name: job.name,
    kind: job.kind,
    status: job.status,
    reason: job.reason,
    exit_code: job.exit_code,
    attempt: job.attempt,
    needs: jobNeeds.read(job),
    image: job.kind === 'task' ? jobSpec.read(job).container.image : null,
    outputs: jobOutputs.read(job),
    created_at: time(job.created_at),
    queued_at: time(job.queued_at),
    started_at: time(job.started_at),
    finished_at: time(job.finished_at),
  };
}

export function presentStep({ number, id, name, status, reason, exit_code, started_at, finished_at }: Step) {
  return {
    number,
    id,
    name,
    status,
    reason,
    exit_code,
    started_at: time(started_at),
    finished_at: time(finished_at),
  };
}

/** RFC 3339. */
export function time(milliseconds: number): string;
export function time(milliseconds: number | null): string | null;
export function time(milliseconds: number | null): string | null {
  return milliseconds === null ? null : new Date(milliseconds).toISOString();
}
