import { z } from 'zod';

/**
 * waiting: on needs, an approval or a concurrency group · queued: may start as soon as a worker is free · running: a worker has it ·
 * succeeded · failed: the user's work said no · errored: ours or the host's fault · timed_out · cancelled · skipped: always with a reason.
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

/** A run's status is a fold of its jobs'; it takes the same words. */
export type RunStatus = JobStatus;

/** How an attempt, a step or a job may end. */
export const EndStatus = JobStatus.extract(['succeeded', 'failed', 'errored', 'timed_out', 'cancelled', 'skipped']);
export type EndStatus = z.infer<typeof EndStatus>;

/** offered: in its lane, nobody's yet · running: granted to one worker · ended: with a verdict. */
export const AttemptStatus = z.enum(['offered', 'running', 'ended']);
export type AttemptStatus = z.infer<typeof AttemptStatus>;

/**
 * waiting: for its job, or for the environment's lock · starting: its container comes up and is gated · switching: traffic moves ·
 * live · retired: a later one is live · failed · cancelled: also when a newer one took its place · skipped: an older commit.
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

/** Every legal move of a job; a pair that is absent is illegal. `running` to `queued` is the next attempt after an errored one. */
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

/** `live` to `live` does not move; a rollback is a deployment of its own. */
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
