import type { JsonObject } from '../../jobs/json.ts';
import type { Trigger } from '../../jobs/run/trigger.ts';

export type ContextTrigger = Pick<Trigger, 'event' | 'ref' | 'base_ref' | 'head_ref' | 'actor' | 'payload'>;

/** `run` is null while the run is being planned. */
export interface GithubContextInput {
  trigger: ContextTrigger;
  sha: string;
  repo: string;
  api_url: string;
  server_url: string;
  run: { id: string; number: number; attempt: number; workflow: string; path: string | null; job: string } | null;
}

/** The `github` context that expressions read. `token` is empty. */
export function githubContext({ trigger, sha, repo, api_url, server_url, run }: GithubContextInput): JsonObject {
  const [owner = ''] = repo.split('/');
  return {
    ...triggerContext(trigger, sha),
    repository: repo,
    repository_owner: owner,
    server_url,
    api_url,
    workspace: '/github/workspace',
    workflow: run?.workflow ?? '',
    workflow_ref: run?.path ? `${repo}/${run.path}@${trigger.ref}` : '',
    run_id: run?.id ?? '',
    run_number: run ? String(run.number) : '',
    run_attempt: run ? String(run.attempt) : '',
    job: run?.job ?? '',
    token: '',
  };
}

/** The part of the `github` context that the trigger determines. */
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
