import { findRepo, openWebhookSecret, type Repo, storeGitHubId } from '../../control/repos/repos.ts';
import type { ServerDeps, WebhookRepository } from '../../deps.ts';

/** The owner of the webhook according to the headers X-GitHub-Hook-Installation-Target-Type and -ID, which are not signed. */
export interface HookTarget {
  type: string | null;
  id: number | null;
}

/** The owner of the secret that signed a body: registered repositories, or the target of a webhook that uses GANTRY_WEBHOOK_SECRET. */
export type WebhookSender = { repos: Repo[] } | { target: HookTarget };

/** Limits the work for one request, because its sender is not authenticated yet. */
const MAX_HASHED_BYTES = 200 * 1024 * 1024;

/**
 * Verifies the raw bytes, before they are parsed. A webhook whose headers name a registered repository is verified with that repository's
 * secret only. Resolves with null when no secret matches the signature.
 */
export async function findSender(
  deps: Pick<ServerDeps, 'config' | 'store' | 'vault' | 'webhooks'>,
  target: HookTarget,
  body: Uint8Array,
  signature: string | undefined,
): Promise<WebhookSender | null> {
  const candidates = await findCandidates(deps, target);
  if (candidates.length * body.length > MAX_HASHED_BYTES) return null;
  const repos: Repo[] = [];
  for (const repo of candidates)
    if (await deps.webhooks.verify(openWebhookSecret(deps.vault, repo), body, signature)) repos.push(repo);
  if (repos.length > 0) return { repos };
  if (candidates.some((repo) => repo.github_id !== null && repo.github_id === target.id)) return null;
  const secret = deps.config.webhook_secret;
  return secret !== null && (await deps.webhooks.verify(secret, body, signature)) ? { target } : null;
}

/** The repositories whose secret may have signed: the one that the headers name, else those without a GitHub id. Without the headers: all. */
async function findCandidates({ store }: Pick<ServerDeps, 'store'>, { type, id }: HookTarget): Promise<Repo[]> {
  const repos = store.read.selectFrom('repos').selectAll();
  if (type === null || id === null) return repos.execute();
  if (type !== 'repository') return [];
  const named = await repos.where('github_id', '=', id).execute();
  return named.length > 0 ? named : repos.where('github_id', 'is', null).execute();
}

/** The registered repository that the payload is about; null if it is not registered; `foreign` if the sender's secret is not valid for it. */
export async function findSubject(
  deps: Pick<ServerDeps, 'store'>,
  sender: WebhookSender,
  named: WebhookRepository | null,
  owner_id: number | null,
): Promise<Repo | null | 'foreign'> {
  if ('repos' in sender) {
    if (named === null) return sender.repos[0] ?? 'foreign';
    const repo = sender.repos.find((other) => isSameRepo(other, named));
    return repo === undefined ? 'foreign' : learnId(deps, repo, named);
  }
  const { type, id } = sender.target;
  if (named === null) return null;
  if (type === 'repository') return named.id === id ? null : 'foreign';
  if (type === 'organization' && owner_id !== id) return 'foreign';
  const byId = await deps.store.read
    .selectFrom('repos')
    .selectAll()
    .where('github_id', '=', named.id)
    .executeTakeFirst();
  const repo = byId ?? (await findRepo(deps.store.read, named.full_name));
  return repo !== undefined && isSameRepo(repo, named) ? learnId(deps, repo, named) : null;
}

function isSameRepo(repo: Repo, named: WebhookRepository): boolean {
  if (repo.github_id !== null) return repo.github_id === named.id;
  return repo.name.toLowerCase() === named.full_name.toLowerCase();
}

/** Stores the GitHub id of a repository that was registered without it. */
async function learnId(
  deps: Pick<ServerDeps, 'store'>,
  repo: Repo,
  named: WebhookRepository,
): Promise<Repo | 'foreign'> {
  if (repo.github_id !== null) return repo;
  const facts = { github_id: named.id, default_branch: named.default_branch };
  return (await storeGitHubId(deps, repo, facts)) ? { ...repo, ...facts } : 'foreign';
}
