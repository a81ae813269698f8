import { z } from 'zod';

/**
 * waiting: for needs, an approval or a concurrency group · queued: starts as soon as a worker is free · running ·
 * succeeded · failed: the user's work failed · errored: Gantry or the host failed · timed_out · cancelled ·
 * skipped: always with a reason.
 */
export const JobStatus = z.enum([
  'waiting',
  'queued',
  'running',
  'succeeded',
  'failed',
  'errored',
  'timed_out',
  'cancelled',
  'skipped',
]);
export type JobStatus = z.infer<typeof JobStatus>;

/** A run's status is a fold of its jobs' statuses. */
export type RunStatus = JobStatus;

/** How an attempt, a step or a job can end. */
export const EndStatus = JobStatus.extract(['succeeded', 'failed', 'errored', 'timed_out', 'cancelled', 'skipped']);
export type EndStatus = z.infer<typeof EndStatus>;

/** offered: in its lane · running: granted to one worker · ended: with a verdict. */
export const AttemptStatus = z.enum(['offered', 'running', 'ended']);
export type AttemptStatus = z.infer<typeof AttemptStatus>;

/**
 * waiting: for its job, or for the environment's lock · starting: its container starts and is gated · switching: traffic
 * moves to it · live · retired: a later one is live · failed · cancelled: also if a newer one replaced it ·
 * skipped: its commit is older than the live one.
 */
export const DeploymentStatus = z.enum([
  'waiting',
  'starting',
  'switching',
  'live',
  'retired',
  'failed',
  'cancelled',
  'skipped',
]);
export type DeploymentStatus = z.infer<typeof DeploymentStatus>;

/** All legal moves of a job. `running` to `queued` is the next attempt after an errored one. */
export const jobMoves = {
  waiting: ['queued', 'skipped', 'cancelled', 'failed'],
  queued: ['running', 'cancelled'],
  running: ['queued', 'succeeded', 'failed', 'errored', 'timed_out', 'cancelled', 'skipped'],
  succeeded: [],
  failed: [],
  errored: [],
  timed_out: [],
  cancelled: [],
  skipped: [],
} as const satisfies Record<JobStatus, readonly JobStatus[]>;

export const attemptMoves = {
  offered: ['running', 'ended'],
  running: ['ended'],
  ended: [],
} as const satisfies Record<AttemptStatus, readonly AttemptStatus[]>;

/** A rollback is a new deployment, so nothing leads back to `live`. */
export const deploymentMoves = {
  waiting: ['starting', 'cancelled', 'skipped', 'failed'],
  starting: ['switching', 'live', 'failed', 'cancelled', 'skipped'],
  switching: ['live', 'failed', 'cancelled'],
  live: ['retired'],
  retired: [],
  failed: [],
  cancelled: [],
  skipped: [],
} as const satisfies Record<DeploymentStatus, readonly DeploymentStatus[]>;

export function mayMove<S extends string>(moves: Record<S, readonly S[]>, from: S, to: S): boolean {
  return moves[from].includes(to);
}

export function hasEnded(status: JobStatus): status is EndStatus {
  return EndStatus.safeParse(status).success;
}
