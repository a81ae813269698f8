import { z } from 'zod';
import { AppConfig } from '../../jobs/deploy/app-config.ts';
import { Phase } from '../../jobs/deploy/deployment.ts';
import { JsonObject } from '../../jobs/json.ts';
import { Effect } from '../../jobs/protocol/effect.ts';
import { Outputs } from '../../jobs/protocol/event.ts';
import { TaskLimits } from '../../jobs/protocol/grant.ts';
import { StopRequest } from '../../jobs/protocol/message.ts';
import { Report } from '../../jobs/report.ts';
import { Annotation } from '../../jobs/run/annotation.ts';
import { PlannedJob } from '../../jobs/run/plan.ts';
import { Trigger } from '../../jobs/run/trigger.ts';
import { column } from './column.ts';

/** The part of a task that is not in its spec. */
export const Task = z.object({
  command: z.array(z.string()).nullable(),
  limits: TaskLimits,
});
export type Task = z.infer<typeof Task>;

export const deliveryTrigger = column(['deliveries', 'trigger', 'id'], Trigger);

/** Trimmed: the whole payload is in the blob store. */
export const runPayload = column(['runs', 'payload', 'id'], JsonObject);
export const runAnnotations = column(['runs', 'annotations', 'id'], z.array(Annotation));

export const jobSpec = column(['jobs', 'spec', 'id'], PlannedJob);
export const jobNeeds = column(['jobs', 'needs', 'id'], z.array(z.string()));
export const jobOutputs = column(['jobs', 'outputs', 'id'], Outputs);
export const jobTask = column(['jobs', 'task', 'id'], Task);
/** Values by name. The text is sealed by the vault. */
export const taskSecrets = column(['jobs', 'secrets_sealed', 'id'], z.record(z.string(), z.string()));

/** What one rev of a run changed, as its readers see it. `run` is absent when it did not change. */
export const Revision = z.object({
  run: JsonObject.optional(),
  /** Fields that replace those of the job. `step` is the newest state of one step, `annotation` is a new one; both count from 1. */
  jobs: z.array(
    z.looseObject({
      id: z.string(),
      step: z.looseObject({ number: z.int() }).optional(),
      annotation: z.looseObject({ number: z.int() }).optional(),
    }),
  ),
});
export type Revision = z.infer<typeof Revision>;
export const revision = column(['revisions', 'data', 'rev'], Revision);

export const stopRequest = column(['attempts', 'stop_request', 'id'], StopRequest);

/** Written to `desired`, of which `granted` and `sent_desired` are copies. */
export const reportGranted = column(['reports', 'granted', 'key'], Report);
export const reportSent = column(['reports', 'sent', 'key'], JsonObject);

export const appConfig = column(['releases', 'config', 'id'], AppConfig);
/** Versions of the secrets by name. */
export const releaseSecretVersions = column(['releases', 'secret_versions', 'id'], z.record(z.string(), z.int()));

export const phases = column(['deployments', 'phases', 'id'], z.array(Phase));

export const effects = column(['outbox', 'effect', 'id'], Effect);
