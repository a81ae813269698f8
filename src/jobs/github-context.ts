import type { JsonObject } from './json.ts';
import type { Trigger } from './trigger.ts';

/** What the `github` context is made from; `run` is null while the run is being planned. */
export interface GithubContextInput {
  trigger: Pick<Trigger, 'event' | 'ref' | 'base_ref' | 'head_ref' | 'actor' | 'payload'>;
  sha: string;
  repo: string;
  api_url: string;
  server_url: string;
  run: { id: string; number: number; attempt: number; workflow: string; path: string | null; job: string } | null;
}

/** The `github` context as expressions see it. There is no token in it: one is minted per job, or there is none. */
export function githubContext({ trigger, sha, repo, api_url, server_url, run }: GithubContextInput): JsonObject {
  const [owner = ''] = repo.split('/');
  return {
    event_name: trigger.event,
    event: trigger.payload,
    ref: trigger.ref,
    ref_name: shortRef(trigger.ref),
    ref_type: trigger.ref.startsWith('refs/tags/') ? 'tag' : 'branch',
    sha,
    head_ref: trigger.head_ref ?? '',
    base_ref: trigger.base_ref ?? '',
    actor: trigger.actor ?? '',
    triggering_actor: trigger.actor ?? '',
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

/** refs/heads/main → main; refs/pull/7/head → 7/head. */
export function shortRef(ref: string): string {
  return ref.replace(/^refs\/(heads|tags|pull)\//, '');
}
