import type { Row, ServerDeps, Sql, Vault } from '../../deps.ts';
import { cloneUrlProblem } from './clone-url.ts';
import { findRepoFacts, type NewRepo, type Refusal } from './repo-facts.ts';

export type Repo = Row<'repos'>;

/** Registers a repository. The webhook secret is only in the result; SQL stores it sealed. */
export async function registerRepo(
  deps: Pick<ServerDeps, 'store' | 'vault' | 'github' | 'config' | 'newId' | 'random' | 'now'>,
  wanted: NewRepo,
): Promise<{ repo: Repo; webhook_secret: string } | Refusal> {
  const problem = wanted.clone_url === null ? null : cloneUrlProblem(wanted.clone_url);
  if (problem !== null) return { refused: 'invalid', field: 'clone_url', detail: problem };
  const facts = await findRepoFacts(deps, wanted);
  if ('refused' in facts) return facts;

  const id = deps.newId('repo');
  const webhook_secret = wanted.webhook_secret ?? Buffer.from(deps.random(32)).toString('hex');
  const repo = {
    id,
    name: wanted.name,
    ...facts,
    token_sealed: wanted.token === null ? null : deps.vault.seal(`repo/${id}/token`, wanted.token),
    webhook_secret_sealed: deps.vault.seal(`repo/${id}/webhook_secret`, webhook_secret),
    next_run_number: 1,
    created_at: deps.now(),
  } satisfies Repo;
  return deps.store.write(async (sql) => {
    const inserted = await sql
      .insertInto('repos')
      .values(repo)
      .onConflict((conflict) => conflict.doNothing())
      .returning('id')
      .executeTakeFirst();
    return inserted === undefined ? refuseTaken(sql, repo) : { repo, webhook_secret };
  });
}

/** Names the registered repository that conflicts with this one: the same name, or the same id on GitHub. */
async function refuseTaken(sql: Sql, { name, github_id }: Repo): Promise<Refusal> {
  if ((await findRepo(sql, name)) !== undefined)
    return {
      refused: 'exists',
      field: 'name',
      detail: `${name} is already registered; remove it first to register it again`,
    };
  const other = await sql
    .selectFrom('repos')
    .select('name')
    .where('github_id', '=', github_id)
    .executeTakeFirstOrThrow();
  return {
    refused: 'exists',
    field: 'github_id',
    detail: `GitHub's repository ${github_id} is already registered as ${other.name}`,
  };
}

/** `name` is case-insensitive, as on GitHub. */
export function findRepo(sql: Sql, name: string): Promise<Repo | undefined> {
  return sql.selectFrom('repos').selectAll().where('name', '=', name).executeTakeFirst();
}

/**
 * Unregisters a repository. Its runs stay as history, and its deployed apps keep running with the secrets of their releases. Other
 * repositories can use its app names. `busy`: a run has not ended, or a delivery is being planned.
 */
export async function removeRepo(
  deps: Pick<ServerDeps, 'store' | 'now'>,
  name: string,
): Promise<'removed' | 'unknown' | 'busy'> {
  return deps.store.write(async (sql) => {
    const repo = await findRepo(sql, name);
    if (repo === undefined) return 'unknown';
    if (await isBusy(sql, repo.id)) return 'busy';
    await sql
      .updateTable('secrets')
      .set({ deleted_at: deps.now() })
      .where('repo_id', '=', repo.id)
      .where('deleted_at', 'is', null)
      .execute();
    await sql.deleteFrom('apps').where('repo_id', '=', repo.id).execute();
    await sql.deleteFrom('reports').where('repo_id', '=', repo.id).execute();
    await sql.deleteFrom('repos').where('id', '=', repo.id).execute();
    return 'removed';
  });
}

async function isBusy(sql: Sql, repo_id: string): Promise<boolean> {
  const runs = sql.selectFrom('runs').select('id').where('finished_at', 'is', null).where('repo_id', '=', repo_id);
  const deliveries = sql
    .selectFrom('deliveries')
    .select('id')
    .where('status', '=', 'received')
    .where('repo_id', '=', repo_id);
  return (await runs.union(deliveries).limit(1).executeTakeFirst()) !== undefined;
}

/** Stores GitHub's id of a repository that was registered without it. False when another repository has that id. */
export async function storeGitHubId(
  deps: Pick<ServerDeps, 'store'>,
  repo: Repo,
  facts: { github_id: number; default_branch: string },
): Promise<boolean> {
  return deps.store.write(async (sql) => {
    await sql
      .updateTable('repos')
      .set(facts)
      .where('id', '=', repo.id)
      .where('github_id', 'is', null)
      .where(({ not, exists, selectFrom }) =>
        not(exists(selectFrom('repos as other').select('id').where('other.github_id', '=', facts.github_id))),
      )
      .execute();
    const stored = await sql.selectFrom('repos').select('github_id').where('id', '=', repo.id).executeTakeFirst();
    return stored?.github_id === facts.github_id;
  });
}

/** Null when the repository has no token. */
export function openRepoToken(vault: Vault, repo: Pick<Repo, 'id' | 'token_sealed'>): string | null {
  return repo.token_sealed === null ? null : vault.open(`repo/${repo.id}/token`, repo.token_sealed);
}

export function openWebhookSecret(vault: Vault, repo: Repo): string {
  return vault.open(`repo/${repo.id}/webhook_secret`, repo.webhook_secret_sealed);
}
