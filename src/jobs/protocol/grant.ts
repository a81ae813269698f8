import { z } from 'zod';
import { Reconciliation } from '../deploy/deployment.ts';
import { JsonObject } from '../json.ts';
import { Report } from '../report.ts';
import { PlannedJob } from '../run/plan.ts';
import { Trigger } from '../run/trigger.ts';
import { Outputs } from './event.ts';

/** Where a repository is cloned from. The token goes to git by `GIT_CONFIG_*`, never into an address or a container. */
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
  /** The attempt's number, from 1: what lower ones left is removed first. */
  number: z.int(),
  run: z.string(),
  spec: PlannedJob,
  /** For a task with `command`: its argv, the container's own process. Null for steps. */
  command: z.array(z.string()).nullable(),
  source: CloneSource.nullable(),
  sha: z.string().nullable(),
  ref: z.string().nullable(),
  /** The `github` context without `event`'s file; `vars` and `inputs` likewise as expressions see them. */
  github: JsonObject,
  /** Where `github.event` lies in the blob store: payloads may be large. Null for a task. */
  payload_blob: z.string().nullable(),
  needs: z.record(z.string(), z.object({ result: z.string(), outputs: Outputs })),
  secrets: z.record(z.string(), z.string()),
  limits: TaskLimits,
  /** Of a rollback: the release to put back. Its deploy step asks with that alone. */
  release: z.string().nullable(),
});
export type JobGrant = z.infer<typeof JobGrant>;

export const PlanGrant = z.object({
  subject: z.literal('delivery'),
  delivery: z.string(),
  source: CloneSource,
  trigger: Trigger,
  /** Where the trigger's payload lies in the blob store, whole; in `trigger` it is trimmed. */
  payload_blob: z.string().nullable(),
  /** One workflow by file name, path or name; null for all that the trigger starts. */
  workflow: z.string().nullable(),
});
export type PlanGrant = z.infer<typeof PlanGrant>;

export const ReportGrant = z.object({
  subject: z.literal('report'),
  repo: z.string(),
  token: z.string(),
  report: Report,
  /** What GitHub was told last, as the outcome before had it; null when nothing was. */
  sent: JsonObject.nullable(),
});
export type ReportGrant = z.infer<typeof ReportGrant>;

export const EnvironmentGrant = z.object({
  subject: z.literal('environment'),
  reconciliation: Reconciliation,
});
export type EnvironmentGrant = z.infer<typeof EnvironmentGrant>;

/** What a claim is answered with: sealed for one attempt, worker and nonce, read once. */
export const Grant = z.discriminatedUnion('subject', [JobGrant, PlanGrant, ReportGrant, EnvironmentGrant]);
export type Grant = z.infer<typeof Grant>;
