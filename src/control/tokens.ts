import type { Row, ServerDeps } from '../deps.ts';
import { DiskError } from '../error.ts';

/** Milliseconds between two updates of a token's last use. A write per request would be too slow. */
const TOUCH_AFTER = 60_000;

/** Who sends a request: an administrator, or a job during one of its attempts. */
export type Principal = { scope: 'admin' } | { scope: 'job'; job: string; attempt: string };

export type Token = Pick<Row<'tokens'>, 'id' | 'name' | 'created_at' | 'last_used_at'>;

/** Creates an administrator's token. Only the result contains it; SQL stores its hash. */
export async function createToken(
  deps: Pick<ServerDeps, 'store' | 'now' | 'newId' | 'newToken' | 'hashToken'>,
  name: string,
): Promise<Token & { token: string }> {
  const token = deps.newToken();
  const row = { id: deps.newId('tok'), name, created_at: deps.now(), last_used_at: null };
  const hash = deps.hashToken(token);
  await deps.store.write((sql) =>
    sql
      .insertInto('tokens')
      .values({ ...row, hash, scope: 'admin' })
      .execute(),
  );
  return { ...row, token };
}

/** False when there is no administrator's token with that id. */
export async function removeToken({ store }: Pick<ServerDeps, 'store'>, id: string): Promise<boolean> {
  const { numDeletedRows } = await store.write((sql) =>
    sql.deleteFrom('tokens').where('id', '=', id).where('scope', '=', 'admin').executeTakeFirstOrThrow(),
  );
  return numDeletedRows > 0n;
}

/** Returns null when the token is unknown or no longer valid. Compares hashes, so that timing reveals nothing about a token. */
export async function authenticate(
  deps: Pick<ServerDeps, 'config' | 'store' | 'now' | 'hashToken'>,
  token: string,
): Promise<Principal | null> {
  const hash = deps.hashToken(token);
  if (deps.config.token !== null && hash === deps.hashToken(deps.config.token)) return { scope: 'admin' };
  const row = await deps.store.read.selectFrom('tokens').selectAll().where('hash', '=', hash).executeTakeFirst();
  if (row === undefined) return null;
  if (row.scope === 'job') return jobPrincipal(deps, row);
  await touch(deps, row);
  return { scope: 'admin' };
}

async function jobPrincipal(
  { store, now }: Pick<ServerDeps, 'store' | 'now'>,
  { attempt_id, expires_at }: Row<'tokens'>,
): Promise<Principal | null> {
  if (attempt_id === null || expires_at === null || expires_at <= now()) return null;
  const attempt = await store.read
    .selectFrom('attempts')
    .select('subject_id')
    .where('id', '=', attempt_id)
    .where('subject', '=', 'job')
    .where('status', '=', 'running')
    .executeTakeFirst();
  return attempt === undefined ? null : { scope: 'job', job: attempt.subject_id, attempt: attempt_id };
}

async function touch(
  { store, now: clock }: Pick<ServerDeps, 'store' | 'now'>,
  { id, last_used_at }: Row<'tokens'>,
): Promise<void> {
  const now = clock();
  if (last_used_at !== null && now - last_used_at < TOUCH_AFTER) return;
  try {
    await store.write((sql) => sql.updateTable('tokens').set({ last_used_at: now }).where('id', '=', id).execute());
  } catch (error) {
    // Requests that only read must also work while the disk is full.
    if (!(error instanceof DiskError)) throw error;
  }
}
