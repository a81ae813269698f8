import type { ServerDeps, Sql, Vault } from '../../deps.ts';

/** The value of one version of a secret. A release records the versions that it was made with. */
export interface SecretValue {
  name: string;
  version: number;
  value: string;
}

/** Adds a version. Older versions stay for the releases that use them. */
export async function putSecret(
  deps: Pick<ServerDeps, 'store' | 'vault' | 'now'>,
  repo_id: string,
  name: string,
  value: string,
): Promise<void> {
  await deps.store.write(async (sql) => {
    const { version } = await sql
      .insertInto('secrets')
      .values((eb) => ({
        repo_id,
        name,
        version: eb
          .selectFrom('secrets')
          .select(({ eb, fn, lit }) => eb(fn.coalesce(fn.max('version'), lit(0)), '+', 1).as('version'))
          .where('repo_id', '=', repo_id)
          .where('name', '=', name),
        value_sealed: '',
        created_at: deps.now(),
      }))
      .returning('version')
      .executeTakeFirstOrThrow();
    // The seal is bound to the version, which the insert assigned.
    await sql
      .updateTable('secrets')
      .set({ value_sealed: deps.vault.seal(secretScope(repo_id, name, version), value) })
      .where('repo_id', '=', repo_id)
      .where('name', '=', name)
      .where('version', '=', version)
      .execute();
  });
}

/** Marks a secret as deleted; releases that use it keep it. False when the repository has no such secret. */
export async function removeSecret(
  deps: Pick<ServerDeps, 'store' | 'now'>,
  repo_id: string,
  name: string,
): Promise<boolean> {
  const { numUpdatedRows } = await deps.store.write((sql) =>
    sql
      .updateTable('secrets')
      .set({ deleted_at: deps.now() })
      .where('repo_id', '=', repo_id)
      .where('name', '=', name)
      .where('deleted_at', 'is', null)
      .executeTakeFirstOrThrow(),
  );
  return numUpdatedRows > 0n;
}

/** The repository's current secrets, each with its newest version and the time at which that was stored. */
export function listSecrets(
  sql: Sql,
  repo_id: string,
): Promise<{ name: string; version: number; updated_at: number }[]> {
  return sql
    .selectFrom('secrets')
    .select((eb) => ['name', eb.fn.max('version').as('version'), eb.fn.max('created_at').as('updated_at')])
    .where('repo_id', '=', repo_id)
    .where('deleted_at', 'is', null)
    .groupBy('name')
    .orderBy('name')
    .execute();
}

/** The repository's current secrets with their values. */
export async function openSecrets(sql: Sql, vault: Vault, repo_id: string): Promise<SecretValue[]> {
  const rows = await sql
    .selectFrom('secrets')
    .select(['name', 'version', 'value_sealed'])
    .where('repo_id', '=', repo_id)
    .where('deleted_at', 'is', null)
    .orderBy('version')
    .execute();
  const newest = new Map(rows.map((row) => [row.name, row]));
  return [...newest.values()].map(({ name, version, value_sealed }) => ({
    name,
    version,
    value: vault.open(secretScope(repo_id, name, version), value_sealed),
  }));
}

/** The value of one version, also of a deleted secret. Null when that version does not exist. */
export async function openSecretAt(
  sql: Sql,
  vault: Vault,
  repo_id: string,
  name: string,
  version: number,
): Promise<string | null> {
  const row = await sql
    .selectFrom('secrets')
    .select('value_sealed')
    .where('repo_id', '=', repo_id)
    .where('name', '=', name)
    .where('version', '=', version)
    .executeTakeFirst();
  return row === undefined ? null : vault.open(secretScope(repo_id, name, version), row.value_sealed);
}

function secretScope(repo_id: string, name: string, version: number): string {
  return `secret/${repo_id}/${name}/${version}`;
}
