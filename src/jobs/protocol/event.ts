import { z } from 'zod';
import { DeployRequest, Phase, Relation } from '../deploy/deployment.ts';
import { Annotation } from '../run/annotation.ts';
import { Plan } from '../run/plan.ts';
import { Step } from '../run/step.ts';
import { Verdict } from './verdict.ts';

/** The result of sending a report: what GitHub has now, or when to try again. */
export const ReportOutcome = z.object({
  sent: z.record(z.string(), z.json()).nullable(),
  retry_at: z.int().nullable(),
});
export type ReportOutcome = z.infer<typeof ReportOutcome>;

/** The outputs of a job by name, for the jobs that need it. */
export const Outputs = z.record(z.string(), z.string());
export type Outputs = z.infer<typeof Outputs>;

/** The last event of an attempt. The optional parts depend on its subject. */
export const Finished = z.object({
  verdict: Verdict,
  outputs: Outputs.default({}),
  /** The final size of the attempt's log in bytes. */
  log_size: z.int().default(0),
  plan: Plan.optional(),
  report: ReportOutcome.optional(),
  /** For an environment: the deployment that the proxy sends traffic to. */
  live: z.string().nullable().optional(),
});
export type Finished = z.infer<typeof Finished>;

/** An event of an attempt. `deploy` and `ready` are questions, which control answers. */
export const EventData = z.discriminatedUnion('type', [
  z.object({ type: z.literal('step'), data: Step }),
  z.object({ type: z.literal('annotation'), data: Annotation }),
  z.object({ type: z.literal('deploy'), data: DeployRequest }),
  z.object({ type: z.literal('ready'), data: z.object({ deployment: z.string(), relation: Relation }) }),
  z.object({ type: z.literal('phase'), data: Phase.extend({ deployment: z.string() }) }),
  z.object({
    type: z.literal('settled'),
    data: z.object({
      deployment: z.string(),
      status: z.enum(['live', 'failed', 'cancelled', 'skipped']),
      reason: z.string().nullable(),
    }),
  }),
  z.object({ type: z.literal('finished'), data: Finished }),
]);
export type EventData = z.infer<typeof EventData>;

/** `seq` counts from 1 within the attempt; `at` is in milliseconds since 1970, by the worker's clock. */
export const Event = z.object({
  attempt: z.string(),
  worker: z.string(),
  seq: z.int().min(1),
  at: z.int(),
  type: z.string(),
  /** Up to 64 KiB. Larger data is in the blob store: `data` is null and `blob` is its hash. */
  data: z.unknown(),
  blob: z.string().nullable().default(null),
  /** The worker that delivers the event of `worker`, which died. Control replies to it. */
  reply_to: z.string().optional(),
});
export type Event = z.infer<typeof Event>;
