import { z } from 'zod';
import { DeployRequest, Phase, Relation } from '../deploy/deployment.ts';
import { Annotation } from '../run/annotation.ts';
import { Plan } from '../run/plan.ts';
import { Step } from '../run/step.ts';
import { Verdict } from './verdict.ts';

/** What a report's attempt did at GitHub: what is there now, or when to come back. */
export const ReportOutcome = z.object({
  sent: z.record(z.string(), z.json()).nullable(),
  retry_at: z.int().nullable(),
});
export type ReportOutcome = z.infer<typeof ReportOutcome>;

/** What a job hands to those that need it, by name. */
export const Outputs = z.record(z.string(), z.string());
export type Outputs = z.infer<typeof Outputs>;

/** The last word of an attempt; which of the optional parts is there depends on its subject. */
export const Finished = z.object({
  verdict: Verdict,
  outputs: Outputs.default({}),
  /** Size in bytes of the attempt's log; there the stream ends. */
  log_size: z.int().default(0),
  plan: Plan.optional(),
  report: ReportOutcome.optional(),
  /** Of an environment: the deployment that the proxy serves, as read. */
  live: z.string().nullable().optional(),
});
export type Finished = z.infer<typeof Finished>;

/** What a worker says of an attempt, each kind with its data. `deploy` and `ready` are questions that control answers. */
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

/** Events are numbered from 1 within their attempt; `at` is milliseconds since 1970 by the worker's clock. */
export const Event = z.object({
  attempt: z.string(),
  worker: z.string(),
  seq: z.int().min(1),
  at: z.int(),
  type: z.string(),
  /** Of 64 KiB or less; else null, and `blob` is the hash under which it lies in the blob store. */
  data: z.unknown(),
  blob: z.string().nullable().default(null),
  /** The worker that control replies to, when it is another one than `worker`, which died before it could deliver the event. */
  reply_to: z.string().optional(),
});
export type Event = z.infer<typeof Event>;
