import { z } from 'zod';

/** A commit status, one a job; the description holds at most 140 characters. */
export const StatusReport = z.object({
  kind: z.literal('status'),
  sha: z.string(),
  context: z.string(),
  state: z.enum(['pending', 'success', 'failure', 'error']),
  description: z.string().max(140),
  target_url: z.string().nullable(),
});

/** A deployment and its newest status. */
export const DeploymentReport = z.object({
  kind: z.literal('deployment'),
  /** The commit or ref that is deployed. */
  ref: z.string(),
  environment: z.string(),
  description: z.string().max(140),
  state: z.enum(['queued', 'in_progress', 'success', 'failure', 'error', 'inactive']),
  log_url: z.string().nullable(),
  environment_url: z.string().nullable(),
});

/** What GitHub is to be told of one thing: always the newest state, older ones are never sent. */
export const Report = z.discriminatedUnion('kind', [StatusReport, DeploymentReport]);
export type Report = z.infer<typeof Report>;
