import type { Row, ServerDeps } from '../deps.ts';

/** When a token was last used is known to the minute; a write for each request would be too dear. */
const TOUCH_AFTER = 60_000;

export type Token = Omit<Row<'tokens'>, 'hash'>;

/** The token itself is in the answer and nowhere else: SQL keeps its hash. */
export async function createToken(deps: ServerDeps, name: string): Promise<Token & { token: string }> {
  const token = deps.newToken();
  const row = { id: deps.newId('tok'), name, created_at: deps.now(), last_used_at: null };
  await deps.store.write((sql) =>
    sql
      .insertInto('tokens')
      .values({ ...row, hash: deps.hashToken(token) })
      .execute(),
  );
  return { ...row, token };
}

/** False: there is none of that id. */
export async function removeToken(deps: ServerDeps, id: string): Promise<boolean> {
  const { numDeletedRows } = await deps.store.write((sql) =>
    sql.deleteFrom('tokens').where('id', '=', id).executeTakeFirstOrThrow(),
  );
  return numDeletedRows > 0n;
}

/** Whether `token` opens the API: the one of the configuration, or one that was made here. Hashes are compared, so time tells nothing of a token. */
export async function admits(deps: ServerDeps, token: string): Promise<boolean> {
  const hash = deps.hashToken(token);
  if (deps.config.token !== null && hash === deps.hashToken(deps.config.token)) return true;
  const row = await deps.store.read.selectFrom('tokens').selectAll().where('hash', '=', hash).executeTakeFirst();
  if (row === undefined) return false;
  const now = deps.now();
  if (row.last_used_at === null || now - row.last_used_at >= TOUCH_AFTER)
    await deps.store.write((sql) =>
      sql.updateTable('tokens').set({ last_used_at: now }).where('id', '=', row.id).execute(),
    );
  return true;
}
