import { z } from 'zod';
import { JsonObject } from '../json.ts';

/** What may start a run: an event that was verified at the door, or a call of the API. */
export const Trigger = z.object({
  kind: z.enum(['push', 'pull_request', 'tag', 'schedule', 'dispatch', 'api']),
  /** GitHub's name of the event, as `github.event_name` and `on:` have it: push, pull_request, workflow_dispatch. */
  event: z.string(),
  /** GitHub's activity type, as in `on.pull_request.types`. */
  action: z.string().nullable(),
  /** Full: refs/heads/main, refs/tags/v1, refs/pull/7/head. */
  ref: z.string(),
  /** The commit to run at, 40 or 64 hex digits; null when the plan is to resolve `ref`. */
  sha: z.string().nullable(),
  /** The commit that the branch was at before a push, or a pull request's base commit: what changed paths are counted from. */
  before: z.string().nullable(),
  forced: z.boolean(),
  /** A pull request's target and source branch. */
  base_ref: z.string().nullable(),
  head_ref: z.string().nullable(),
  actor: z.string().nullable(),
  /** The event's payload as `github.event` shows it. */
  payload: JsonObject,
});
export type Trigger = z.infer<typeof Trigger>;
