import { z } from 'zod';
import { AppConfig } from './app-config.ts';

/** A request to deploy an image as a new release. */
export const NewRelease = z.object({
  step: z.int(),
  config: AppConfig,
  /** The image's id in this Docker Engine: `sha256:...`. */
  image_id: z.string(),
  /** The reference that the step names, and the registry's digest if the image was pushed. */
  image: z.string(),
  digest: z.string().nullable().default(null),
});
export type NewRelease = z.infer<typeof NewRelease>;

/** A request to deploy a kept release again. Control has its image, configuration and secret versions. */
export const KeptRelease = z.object({ step: z.int(), release: z.string(), environment: z.string() });
export type KeptRelease = z.infer<typeof KeptRelease>;

/** What a deploy step asks control for. */
export const DeployRequest = z.union([NewRelease, KeptRelease]);
export type DeployRequest = z.infer<typeof DeployRequest>;

/** The release that receives the traffic until it is replaced. */
export const LiveRelease = z.object({
  deployment: z.string(),
  release: z.string(),
  image_id: z.string(),
  sha: z.string().nullable().default(null),
  stop_grace: z.int(),
});
export type LiveRelease = z.infer<typeof LiveRelease>;

/** What a worker needs to start a release's container and check it at the gate. `env` includes the secrets. */
export const DeployOrder = z.object({
  deployment: z.string(),
  release: z.string(),
  config: AppConfig,
  image_id: z.string(),
  env: z.record(z.string(), z.string()),
  /** Values of `env` to mask in the log. */
  masks: z.array(z.string()),
  sha: z.string().nullable().default(null),
  live: LiveRelease.nullable().default(null),
  /** True for a push that was not forced: its commit must not be older than the live one. */
  ordered: z.boolean(),
  /** Why the container cannot be started: `env` lacks the secrets. Only in a reconciliation, which needs the rest of the order. */
  problem: z.string().nullable().default(null),
});
export type DeployOrder = z.infer<typeof DeployOrder>;

const Stop = z.object({
  go: z.literal('stop'),
  status: z.enum(['failed', 'cancelled', 'skipped']),
  reason: z.string(),
});

/** Control's answer to `deploy`. `live`: an earlier attempt already completed the deployment. */
export const DeployAnswer = z.discriminatedUnion('go', [
  z.object({ go: z.literal('start'), order: DeployOrder }),
  z.object({
    go: z.literal('live'),
    deployment: z.string(),
    release: z.string(),
    url: z.string().nullable().default(null),
  }),
  Stop,
]);
export type DeployAnswer = z.infer<typeof DeployAnswer>;

/** Control's answer to `ready`. */
export const SwitchAnswer = z.discriminatedUnion('go', [z.object({ go: z.literal('switch') }), Stop]);
export type SwitchAnswer = z.infer<typeof SwitchAnswer>;

/** The candidate's commit relative to the live one. */
export const Relation = z.enum(['ancestor', 'same', 'newer', 'unrelated', 'unknown']);
export type Relation = z.infer<typeof Relation>;

/** A timed part of a deployment: start, gate, switch or drain. Times in milliseconds since 1970. */
export const Phase = z.object({
  name: z.string(),
  started_at: z.int(),
  finished_at: z.int().nullable().default(null),
});
export type Phase = z.infer<typeof Phase>;

/** The desired state of an environment, for a worker to restore. */
export const Reconciliation = z.object({
  app: z.string(),
  environment: z.string(),
  /** The release that is live according to SQL; started again, unless its order has a problem, if Docker or the proxy lost it. */
  live: DeployOrder.nullable(),
  /** Deployments with an unknown outcome: the proxy decides which of them is live. */
  unresolved: z.array(DeployOrder),
  /** Kept releases, whose images stay tagged. */
  keep: z.array(z.object({ release: z.string(), image_id: z.string() })),
});
export type Reconciliation = z.infer<typeof Reconciliation>;
