import type { Row, ServerDeps } from '../../deps.ts';
import type { Transaction } from '../outbox/transact.ts';

/** A job's token ends with its attempt. This is the limit for an attempt without a deadline, in milliseconds. */
const TTL = 24 * 60 * 60_000;

/** Creates the token with which a job may act for itself during this attempt. It is only in the answer; SQL has its hash. */
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
