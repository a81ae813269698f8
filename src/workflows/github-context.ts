import type { JsonObject } from '../jobs/json.ts';
import type { Trigger } from '../jobs/trigger.ts';

/** What the trigger says of the `github` context; the repository, the run and the server are the caller's to add. */
export function githubContext(trigger: Trigger, sha: string): JsonObject {
  const { ref, event, actor } = trigger;
  return {
    event_name: event,
    event: trigger.payload,
    ref,
    ref_name: ref.replace(/^refs\/(heads|tags|pull)\//, ''),
    ref_type: ref.startsWith('refs/tags/') ? 'tag' : 'branch',
    sha,
    base_ref: trigger.base_ref ?? '',
    head_ref: trigger.head_ref ?? '',
    actor: actor ?? '',
    triggering_actor: actor ?? '',
  };
}
