import { z } from 'zod';
import { Reconciliation } from '../deploy/deployment.ts';
import { JsonObject } from '../json.ts';
import { Report } from '../report.ts';
import { PlannedJob } from '../run/plan.ts';
import { Trigger } from '../run/trigger.ts';
import { Outputs } from './event.ts';

/** Where to clone a repository from. The token is passed to git in `GIT_CONFIG_*`, never in a URL or to a container. */
export const CloneSource = z.object({
  id: z.string(),
  name: z.string(),
  clone_url: z.string(),
  token: z.string().nullable(),
});
export type CloneSource = z.infer<typeof CloneSource>;

/** CPU in cores, memory in MB; null means the worker's default. */
export const TaskLimits = z.object({ cpus: z.number().nullable(), memory_mb: z.int().nullable() });

export const JobGrant = z.object({
  subject: z.literal('job'),
  job: z.string(),
  /** The attempt's number, from 1. The worker first removes what earlier attempts left. */
  number: z.int(),
  run: z.string(),
  spec: PlannedJob,
  /** For a task with `command`: the argv of the container's main process. Null for a job with steps. */
  command: z.array(z.string()).nullable(),
  source: CloneSource.nullable(),
  sha: z.string().nullable(),
  ref: z.string().nullable(),
  /** The `github` context, without `event`. */
  github: JsonObject,
  /** The blob of `github.event`, which can be large. Null for a task. */
  payload_blob: z.string().nullable(),
  needs: z.record(z.string(), z.object({ result: z.string(), outputs: Outputs })),
  secrets: z.record(z.string(), z.string()),
  limits: TaskLimits,
  /** For a rollback: the release that the deploy step asks for. */
  release: z.string().nullable(),
});
export type JobGrant = z.infer<typeof JobGrant>;

export const PlanGrant = z.object({
  subject: z.literal('delivery'),
  delivery: z.string(),
  source: CloneSource,
  trigger: Trigger,
  /** The blob of the whole payload; the one in `trigger` is trimmed. */
  payload_blob: z.string().nullable(),
  /** The workflow to start, by file name, path or name; null for all that the trigger starts. */
  workflow: z.string().nullable(),
});
export type PlanGrant = z.infer<typeof PlanGrant>;

export const ReportGrant = z.object({
  subject: z.literal('report'),
  repo: z.string(),
  token: z.string(),
  report: Report,
  /** `sent` of the last outcome. Null if nothing was sent yet. */
  sent: JsonObject.nullable(),
});
export type ReportGrant = z.infer<typeof ReportGrant>;

export const EnvironmentGrant = z.object({
  subject: z.literal('environment'),
  reconciliation: Reconciliation,
});
export type EnvironmentGrant = z.infer<typeof EnvironmentGrant>;

/** The answer to a claim, sealed for one attempt, worker and nonce. */
export const Grant = z.discriminatedUnion('subject', [JobGrant, PlanGrant, ReportGrant, EnvironmentGrant]);
export type Grant = z.infer<typeof Grant>;
