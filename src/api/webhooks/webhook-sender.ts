import { findRepo, learnGitHubId, openWebhookSecret, type Repo } from '../../control/repos/repos.ts';
import type { ServerDeps, WebhookRepository } from '../../deps.ts';

/** GitHub's headers X-GitHub-Hook-Installation-Target-Type and -ID: whose hook it says it is. They are not signed. */
export interface HookTarget {
  type: string | null;
  id: number | null;
}

/** Whose secret signed a body: one of registered repositories', or the installation's own, which may speak for an owner's. */
export type WebhookSender = { repos: Repo[] } | { target: HookTarget };

/** An unsigned request may cost at most this many bytes of hashing. */
const MOST_HASHED = 200 * 1024 * 1024;

/**
 * Verifies the raw bytes, before anyone parses them. A hook whose headers name a registered repository is verified with that repository's
 * secret only. Null: with no secret of ours does the signature hold.
 */
export async function findSender(
  deps: ServerDeps,
  target: HookTarget,
  body: Uint8Array,
  signature: string | undefined,
): Promise<WebhookSender | null> {
  const candidates = await findCandidates(deps, target);
  if (candidates.length * body.length > MOST_HASHED) return null;
  const repos: Repo[] = [];
  for (const repo of candidates)
    if (await deps.webhooks.verify(openWebhookSecret(deps.vault, repo), body, signature)) repos.push(repo);
  if (repos.length > 0) return { repos };
  if (candidates.some((repo) => repo.github_id !== null && repo.github_id === target.id)) return null;
  const secret = deps.config.webhook_secret;
  return secret !== null && (await deps.webhooks.verify(secret, body, signature)) ? { target } : null;
}

/** Repositories whose secret may have signed: the one that the headers name, else those of which GitHub's id is not known yet; all without headers. */
async function findCandidates({ store }: ServerDeps, { type, id }: HookTarget): Promise<Repo[]> {
  const repos = store.read.selectFrom('repos').selectAll();
  if (type === null || id === null) return repos.execute();
  if (type !== 'repository') return [];
  const named = await repos.where('github_id', '=', id).execute();
  return named.length > 0 ? named : repos.where('github_id', 'is', null).execute();
}

/** The payload's repository as it is registered; null when it is not; `foreign` when the sender may not speak for it. */
export async function findSubject(
  deps: ServerDeps,
  sender: WebhookSender,
  named: WebhookRepository | null,
  owner_id: number | null,
): Promise<Repo | null | 'foreign'> {
  if ('repos' in sender) {
    if (named === null) return sender.repos[0] ?? 'foreign';
    const repo = sender.repos.find((other) => isMeant(other, named));
    return repo === undefined ? 'foreign' : identify(deps, repo, named);
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
  return repo !== undefined && isMeant(repo, named) ? identify(deps, repo, named) : null;
}

function isMeant(repo: Repo, named: WebhookRepository): boolean {
  if (repo.github_id !== null) return repo.github_id === named.id;
  return repo.name.toLowerCase() === named.full_name.toLowerCase();
}

/** A repository registered without GitHub's id has it from here on. */
async function identify(deps: ServerDeps, repo: Repo, named: WebhookRepository): Promise<Repo | 'foreign'> {
  if (repo.github_id !== null) return repo;
  const facts = { github_id: named.id, default_branch: named.default_branch };
  return (await learnGitHubId(deps, repo, facts)) ? { ...repo, ...facts } : 'foreign';
}
