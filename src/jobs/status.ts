import { z } from 'zod';

export const JobStatus = z.enum([
  /** It waits for its needs. */
  'waiting',
  /** It starts as soon as a worker is free. */
  'queued',
  'running',
  'succeeded',
  /** The user's work failed. */
  'failed',
  /** Gantry or the host failed. */
  'errored',
  'timed_out',
  'cancelled',
  /** Always with a reason. */
  'skipped',
]);
export type JobStatus = z.infer<typeof JobStatus>;

/** A run's status is a fold of its jobs' statuses. */
export type RunStatus = JobStatus;

/** How an attempt, a step or a job can end. */
export const EndStatus = JobStatus.extract(['succeeded', 'failed', 'errored', 'timed_out', 'cancelled', 'skipped']);
export type EndStatus = z.infer<typeof EndStatus>;

export const AttemptStatus = z.enum([
  /** In its lane. */
  'offered',
  /** Granted to one worker. */
  'running',
  /** With a verdict. */
  'ended',
]);
export type AttemptStatus = z.infer<typeof AttemptStatus>;

export const DeploymentStatus = z.enum([
  /** It waits for its job, or for the environment's lock. */
  'waiting',
  /** Its container starts and passes the gate. */
  'starting',
  /** Traffic moves to it. */
  'switching',
  'live',
  /** A later deployment is live. */
  'retired',
  'failed',
  /** By a user, or because a newer deployment replaced it. */
  'cancelled',
  /** Its commit is older than the live one. */
  'skipped',
]);
export type DeploymentStatus = z.infer<typeof DeploymentStatus>;

/** The statuses of a deployment that is still in progress. */
export const OPEN_DEPLOYMENT = ['waiting', 'starting', 'switching'] as const satisfies DeploymentStatus[];

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
