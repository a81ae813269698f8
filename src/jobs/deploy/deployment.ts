import { z } from 'zod';
import { AppConfig } from './app-config.ts';

/** A new release, from an image. */
export const NewRelease = z.object({
  step: z.int(),
  config: AppConfig,
  /** The image as this Engine knows it: `sha256:...`. */
  image_id: z.string(),
  /** The reference that was given, and the registry's digest when it was pushed. */
  image: z.string(),
  digest: z.string().nullable(),
});
export type NewRelease = z.infer<typeof NewRelease>;

/** A kept release put back: control knows its image, configuration and secret versions. */
export const KeptRelease = z.object({ step: z.int(), release: z.string(), environment: z.string() });
export type KeptRelease = z.infer<typeof KeptRelease>;

/** What the deploy step wants. */
export const DeployRequest = z.union([NewRelease, KeptRelease]);
export type DeployRequest = z.infer<typeof DeployRequest>;

/** A release that serves, or served: where its container is found and what commit it is. */
export const LiveRelease = z.object({
  deployment: z.string(),
  release: z.string(),
  image_id: z.string(),
  sha: z.string().nullable(),
  stop_grace: z.int(),
});
export type LiveRelease = z.infer<typeof LiveRelease>;

/** All that a worker needs to start a release's container and to gate it. `env` holds the secrets too. */
export const DeployOrder = z.object({
  deployment: z.string(),
  release: z.string(),
  config: AppConfig,
  image_id: z.string(),
  env: z.record(z.string(), z.string()),
  /** Values of `env` to mask in the log. */
  masks: z.array(z.string()),
  sha: z.string().nullable(),
  live: LiveRelease.nullable(),
  /** Whether an older commit than the live one is to be refused: so for a push that was not forced. */
  ordered: z.boolean(),
});
export type DeployOrder = z.infer<typeof DeployOrder>;

const Stop = z.object({
  go: z.literal('stop'),
  status: z.enum(['failed', 'cancelled', 'skipped']),
  reason: z.string(),
});

/** Control's answer to `deploy`: start, stop, or it is live already (the attempt before this one got it through). */
export const DeployAnswer = z.discriminatedUnion('go', [
  z.object({ go: z.literal('start'), order: DeployOrder }),
  z.object({ go: z.literal('live'), deployment: z.string(), release: z.string(), url: z.string().nullable() }),
  Stop,
]);
export type DeployAnswer = z.infer<typeof DeployAnswer>;

/** Control's answer to `ready`. */
export const SwitchAnswer = z.discriminatedUnion('go', [z.object({ go: z.literal('switch') }), Stop]);
export type SwitchAnswer = z.infer<typeof SwitchAnswer>;

/** How the candidate's commit stands to the live one's. */
export const Relation = z.enum(['ancestor', 'same', 'newer', 'unrelated', 'unknown']);
export type Relation = z.infer<typeof Relation>;

/** A named part of a deployment with its time in milliseconds: start, gate, switch, drain. */
export const Phase = z.object({
  name: z.string(),
  started_at: z.int(),
  finished_at: z.int().nullable(),
});
export type Phase = z.infer<typeof Phase>;

/** What an environment should look like, and what a worker found: section 5's recovery, and the clean-up after a deployment. */
export const Reconciliation = z.object({
  app: z.string(),
  environment: z.string(),
  /** The release that SQL says is live; brought up again if the proxy or Docker does not have it. */
  live: DeployOrder.nullable(),
  /** Deployments whose end nobody saw: which of them is live is read from the proxy. */
  unresolved: z.array(DeployOrder),
  /** Kept releases, whose images stay tagged: release id and image id. */
  keep: z.array(z.object({ release: z.string(), image_id: z.string() })),
});
export type Reconciliation = z.infer<typeof Reconciliation>;
