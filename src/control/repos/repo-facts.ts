import type { ServerDeps } from '../../deps.ts';
import { hasCode } from '../../error.ts';
import { cloneUrlProblem } from './clone-url.ts';

/** Null values are read from GitHub or generated. */
export interface NewRepo {
  /** `owner/name` */
  name: string;
  token: string | null;
  clone_url: string | null;
  webhook_secret: string | null;
  github_id: number | null;
}

/** Why a repository cannot be registered. `field` is the invalid property of NewRepo. */
export interface Refusal {
  refused: 'invalid' | 'exists';
  field: keyof NewRepo;
  detail: string;
}

export interface RepoFacts {
  github_id: number | null;
  clone_url: string;
  default_branch: string;
}

/**
 * The facts of a repository: as given, otherwise from GitHub. A given token is always tried, so that an invalid one is refused at
 * once. An unreachable GitHub is an error only when a fact is missing.
 */
export async function findRepoFacts(
  deps: Pick<ServerDeps, 'github' | 'config'>,
  wanted: NewRepo,
): Promise<RepoFacts | Refusal> {
  const { name, token, github_id } = wanted;
  if (token === null) return complete(deps, wanted, 'without a token, Gantry does not ask GitHub for it');
  try {
    const found = await deps.github(token).repository(name);
    if (github_id !== null && github_id !== found.id)
      return { refused: 'invalid', field: 'github_id', detail: `GitHub's id of ${name} is ${found.id}` };
    const clone_url = wanted.clone_url ?? found.clone_url;
    const problem = cloneUrlProblem(clone_url);
    if (problem !== null)
      return { refused: 'invalid', field: 'clone_url', detail: `GitHub returned ${clone_url}: ${problem}` };
    return { github_id: found.id, clone_url, default_branch: found.default_branch };
  } catch (error) {
    if (hasCode(error, 'denied')) return { refused: 'invalid', field: 'token', detail: error.message };
    if (hasCode(error, 'not_found', 'invalid')) return { refused: 'invalid', field: 'name', detail: error.message };
    if (!hasCode(error, 'limited', 'unreachable')) throw error;
    return complete(deps, wanted, error.message);
  }
}

/** The facts without GitHub's answer. The first delivery supplies the id and the default branch. */
function complete(
  { config }: Pick<ServerDeps, 'config'>,
  { name, clone_url, github_id }: NewRepo,
  why: string,
): RepoFacts | Refusal {
  const known =
    clone_url ?? (config.github_api_url === 'https://api.github.com' ? `https://github.com/${name}.git` : null);
  if (known === null) return { refused: 'invalid', field: 'clone_url', detail: `clone_url is required: ${why}` };
  return { github_id, clone_url: known, default_branch: 'main' };
}
