import { z } from 'zod';
import type { DeploymentStatus, JobStatus } from './status.ts';

/** A commit status; every job has one. GitHub accepts at most 140 characters of description. */
export const StatusReport = z.object({
  kind: z.literal('status'),
  sha: z.string(),
  context: z.string(),
  state: z.enum(['pending', 'success', 'failure', 'error']),
  description: z.string().max(140),
  target_url: z.string().nullable().default(null),
});
export type StatusReport = z.infer<typeof StatusReport>;

/** A deployment with its current status. */
export const DeploymentReport = z.object({
  kind: z.literal('deployment'),
  /** The commit or ref that is deployed. */
  ref: z.string(),
  environment: z.string(),
  description: z.string().max(140),
  state: z.enum(['queued', 'in_progress', 'success', 'failure', 'error', 'inactive']),
  log_url: z.string().nullable().default(null),
  environment_url: z.string().nullable().default(null),
});

/** The state of one job or deployment for GitHub. Only the newest state is sent. */
export const Report = z.discriminatedUnion('kind', [StatusReport, DeploymentReport]);
export type Report = z.infer<typeof Report>;

const STATES = {
  waiting: 'pending',
  queued: 'pending',
  running: 'pending',
  succeeded: 'success',
  skipped: 'success',
  failed: 'failure',
  timed_out: 'failure',
  errored: 'error',
  cancelled: 'error',
} as const satisfies Record<JobStatus, string>;

const DEPLOYMENT_STATES = {
  waiting: 'queued',
  starting: 'in_progress',
  switching: 'in_progress',
  live: 'success',
  retired: 'inactive',
  failed: 'failure',
  cancelled: 'inactive',
  skipped: 'inactive',
} as const satisfies Record<DeploymentStatus, string>;

interface ReportedJob {
  name: string;
  status: JobStatus;
  reason: string | null;
  started_at: number | null;
  finished_at: number | null;
}

export function statusReport(run: { workflow: string; sha: string; url: string }, job: ReportedJob): StatusReport {
  return {
    kind: 'status',
    sha: run.sha,
    context: cut(`${run.workflow} / ${job.name}`, 255),
    state: STATES[job.status],
    description: shorten(describe(job)),
    target_url: run.url,
  };
}

/** For a run that failed before it had jobs, because its workflow is invalid. */
export function brokenRunReport(run: {
  workflow: string;
  sha: string;
  url: string;
  reason: string;
  status: JobStatus;
}): StatusReport {
  return {
    kind: 'status',
    sha: run.sha,
    context: cut(run.workflow, 255),
    state: STATES[run.status],
    description: shorten(run.reason),
    target_url: run.url,
  };
}

export function deploymentReport(deployment: {
  ref: string;
  environment: string;
  status: DeploymentStatus;
  reason: string | null;
  url: string | null;
  log_url: string;
}): Report {
  return {
    kind: 'deployment',
    ref: deployment.ref,
    environment: deployment.environment,
    description: shorten(deployment.reason ?? `${deployment.environment}: ${deployment.status}`),
    state: DEPLOYMENT_STATES[deployment.status],
    log_url: deployment.log_url,
    environment_url: deployment.url,
  };
}

function describe(job: ReportedJob): string {
  const took =
    job.started_at !== null && job.finished_at !== null ? ` in ${duration(job.finished_at - job.started_at)}` : '';
  if (job.status === 'succeeded') return `succeeded${took}`;
  const what = job.status === 'failed' || job.status === 'timed_out' ? job.status.replace('_', ' ') + took : job.status;
  return job.reason === null ? what : `${what}: ${job.reason}`;
}

function duration(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

function shorten(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line.length <= 140 ? line : `${cut(line, 139)}…`;
}

/** Does not cut a surrogate pair in half. */
function cut(text: string, most: number): string {
  return text.slice(0, most).replace(/[\uD800-\uDBFF]$/, '');
}
