import type { Row, ServerDeps } from '../../deps.ts';
import type { Transaction } from '../outbox/transact.ts';

/** The lifetime of the token of an attempt without a deadline, in milliseconds. A token is deleted when its attempt ends. */
const TTL = 24 * 60 * 60_000;

/** Creates the token with which a job can use the API during this attempt. SQL stores only its hash. */
export async function createJobToken(
  t: Pick<Transaction, 'sql' | 'now' | 'newId'>,
  { newToken, hashToken }: Pick<ServerDeps, 'newToken' | 'hashToken'>,
  attempt: Pick<Row<'attempts'>, 'id' | 'deadline'>,
): Promise<string> {
  const token = newToken();
  await t.sql
    .insertInto('tokens')
    .values({
      id: t.newId('tok'),
      name: `job token of ${attempt.id}`,
      hash: hashToken(token),
      scope: 'job',
      attempt_id: attempt.id,
      expires_at: attempt.deadline ?? t.now + TTL,
      created_at: t.now,
    })
    .execute();
  return token;
}

export async function deleteJobTokens({ sql }: Pick<Transaction, 'sql'>, attempt: string): Promise<void> {
  await sql.deleteFrom('tokens').where('attempt_id', '=', attempt).execute();
}
