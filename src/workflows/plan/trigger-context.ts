import type { JsonObject } from '../../jobs/json.ts';
import type { Trigger } from '../../jobs/run/trigger.ts';

export type ContextTrigger = Pick<Trigger, 'event' | 'ref' | 'base_ref' | 'head_ref' | 'actor' | 'payload'>;

/** What the trigger says of the `github` context; the repository, the run and the server are the caller's to add. */
export function triggerContext(trigger: ContextTrigger, sha: string): JsonObject {
  const { ref, event, actor } = trigger;
  return {
    event_name: event,
    event: trigger.payload,
    ref,
    ref_name: shortRef(ref),
    ref_type: ref.startsWith('refs/tags/') ? 'tag' : 'branch',
    sha,
    base_ref: trigger.base_ref ?? '',
    head_ref: trigger.head_ref ?? '',
    actor: actor ?? '',
    triggering_actor: actor ?? '',
  };
}

/** refs/heads/main → main; refs/pull/7/head → 7/head. */
export function shortRef(ref: string): string {
  return ref.replace(/^refs\/(heads|tags|pull)\//, '');
}
