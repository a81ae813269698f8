import { type ContextTrigger, triggerContext } from '../../workflows/plan/trigger-context.ts';
import type { JsonObject } from '../json.ts';

/** What the `github` context is made from; `run` is null while the run is being planned. */
export interface GithubContextInput {
  trigger: ContextTrigger;
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
