import type { ServerDeps } from '../../deps.ts';
import { hasCode } from '../../error.ts';
import { cloneUrlProblem } from './clone-url.ts';
import type { NewRepo, Refusal } from './repos.ts';

export interface RepoFacts {
  github_id: number | null;
  clone_url: string;
  default_branch: string;
}

/**
 * What is known of a repository: as given, else as GitHub has it. A token is always tried, so that one that does not work is said at once;
 * that GitHub cannot be reached matters only when something is missing.
 */
export async function askGitHub(deps: ServerDeps, wanted: NewRepo): Promise<RepoFacts | Refusal> {
  const { name, token, github_id } = wanted;
  if (token === null) return complete(deps, wanted, 'no token was given to ask GitHub with');
  try {
    const found = await deps.github(token).repository(name);
    if (github_id !== null && github_id !== found.id)
      return { refused: 'invalid', field: 'github_id', detail: `GitHub's id of ${name} is ${found.id}` };
    const clone_url = wanted.clone_url ?? found.clone_url;
    const problem = cloneUrlProblem(clone_url);
    if (problem !== null)
      return { refused: 'invalid', field: 'clone_url', detail: `GitHub says ${clone_url}: ${problem}` };
    return { github_id: found.id, clone_url, default_branch: found.default_branch };
  } catch (error) {
    if (hasCode(error, 'denied')) return { refused: 'invalid', field: 'token', detail: error.message };
    if (hasCode(error, 'not_found', 'invalid')) return { refused: 'invalid', field: 'name', detail: error.message };
    if (!hasCode(error, 'limited', 'unreachable')) throw error;
    return complete(deps, wanted, error.message);
  }
}

/** Without GitHub's answer: its id is learned from the first delivery, the default branch too. */
function complete(deps: ServerDeps, { name, clone_url, github_id }: NewRepo, why: string): RepoFacts | Refusal {
  const known =
    clone_url ?? (deps.config.github_api_url === 'https://api.github.com' ? `https://github.com/${name}.git` : null);
  if (known === null)
    return { refused: 'invalid', field: 'clone_url', detail: `give the address to clone from: ${why}` };
  return { github_id, clone_url: known, default_branch: 'main' };
}
