import { z } from 'zod';
import { JsonObject } from '../json.ts';

/** What starts runs: a verified webhook, or a call of the API. */
export const Trigger = z.object({
  kind: z.enum(['push', 'pull_request', 'tag', 'schedule', 'dispatch', 'api']),
  /** GitHub's name of the event, as in `github.event_name` and `on`: push, pull_request, workflow_dispatch. */
  event: z.string(),
  /** GitHub's activity type, as in `on.pull_request.types`. */
  action: z.string().nullable().default(null),
  /** The full name: refs/heads/main, refs/tags/v1, refs/pull/7/head. */
  ref: z.string(),
  /** The commit to run at, 40 or 64 hex digits; null if the plan has to resolve `ref`. */
  sha: z.string().nullable().default(null),
  /** The branch's commit before a push, or a pull request's base commit: changed paths are relative to it. */
  before: z.string().nullable().default(null),
  forced: z.boolean().default(false),
  /** A pull request's target and source branch. */
  base_ref: z.string().nullable().default(null),
  head_ref: z.string().nullable().default(null),
  actor: z.string().nullable().default(null),
  /** `github.event`. */
  payload: JsonObject.default({}),
});
export type Trigger = z.infer<typeof Trigger>;

/** Characters of JSON. */
const MAX_PAYLOAD = 256 * 1024;
const MAX_FIELD = 32 * 1024;

/** The payload for conditions: without its large fields if it is large. Jobs get the whole payload. */
export function trimPayload(payload: JsonObject): JsonObject {
  if (JSON.stringify(payload).length <= MAX_PAYLOAD) return payload;
  return Object.fromEntries(Object.entries(payload).filter(([, value]) => JSON.stringify(value).length <= MAX_FIELD));
}
