import type { Row } from '../../deps.ts';
import type { StopRequest } from '../../jobs/protocol/message.ts';
import type { Verdict } from '../../jobs/protocol/verdict.ts';
import type { Transaction } from '../outbox/transact.ts';
import { stopRequest } from '../stored/columns.ts';
import { deleteJobTokens } from './job-token.ts';

export type AttemptRow = Row<'attempts'>;

/** Adds the next attempt at a subject, offered after `delay` milliseconds. Throws while another is open. Returns its number. */
export async function newAttempt(
  t: Pick<Transaction, 'sql' | 'now' | 'newId' | 'effects'>,
  { delay = 0, ...columns }: Pick<AttemptRow, 'subject' | 'subject_id' | 'lane'> & { delay?: number },
): Promise<number> {
  const { number } = await t.sql
    .insertInto('attempts')
    .values((eb) => ({
      id: t.newId('att'),
      ...columns,
      number: eb
        .selectFrom('attempts')
        .select(({ eb, fn, lit }) => eb(fn.coalesce(fn.max('number'), lit(0)), '+', 1).as('number'))
        .where('subject', '=', columns.subject)
        .where('subject_id', '=', columns.subject_id),
      status: 'offered',
      offered_at: t.now,
      not_before: delay > 0 ? t.now + delay : null,
    }))
    .returning('number')
    .executeTakeFirstOrThrow();
  t.effects.push({ do: 'offer' });
  return number;
}

/** The attempt at this subject that has not ended, if there is one. */
export function openAttempt(
  t: Pick<Transaction, 'sql'>,
  subject: AttemptRow['subject'],
  subject_id: string,
): Promise<AttemptRow | undefined> {
  return t.sql
    .selectFrom('attempts')
    .selectAll()
    .where('subject', '=', subject)
    .where('subject_id', '=', subject_id)
    .where('status', '<>', 'ended')
    .executeTakeFirst();
}

/** Compare-and-set. False when the attempt had already ended. `log_size` is in bytes, null when there is no log. */
export async function endAttempt(
  t: Pick<Transaction, 'sql' | 'now' | 'effects'>,
  attempt: AttemptRow,
  verdict: Verdict,
  log_size: number | null,
): Promise<boolean> {
  const { status, reason } = verdict;
  const handed_back = verdict.handed_back ? 1 : 0;
  const { numUpdatedRows } = await t.sql
    .updateTable('attempts')
    .set({ status: 'ended', verdict: status, handed_back, reason, log_size, ended_at: t.now })
    .where('id', '=', attempt.id)
    .where('status', '<>', 'ended')
    .executeTakeFirst();
  if (numUpdatedRows === 0n) return false;
  await deleteJobTokens(t, attempt.id);
  if (attempt.status === 'offered') t.effects.push({ do: 'withdraw', lane: attempt.lane, attempt: attempt.id });
  t.effects.push({ do: 'offer' });
  return true;
}

/** How many earlier attempts at this attempt's subject errored. Those that were handed back do not count. */
export async function earlierErrors(t: Pick<Transaction, 'sql'>, attempt: AttemptRow): Promise<number> {
  const { errors } = await t.sql
    .selectFrom('attempts')
    .select(({ fn }) => fn.countAll<number>().as('errors'))
    .where('subject', '=', attempt.subject)
    .where('subject_id', '=', attempt.subject_id)
    .where('number', '<', attempt.number)
    .where('verdict', '=', 'errored')
    .where('handed_back', '=', 0)
    .executeTakeFirstOrThrow();
  return errors;
}

/** Stores a stop request and sends it to the attempt's worker. A later, stronger one replaces it. */
export async function requestStop(
  t: Pick<Transaction, 'sql' | 'effects'>,
  attempt: AttemptRow,
  kind: StopRequest['kind'],
  reason: string,
): Promise<void> {
  const request: StopRequest = { kind, reason };
  await t.sql
    .updateTable('attempts')
    .set({ stop_request: stopRequest.write(request) })
    .where('id', '=', attempt.id)
    .execute();
  if (attempt.worker !== null)
    t.effects.push({ do: 'send', worker: attempt.worker, message: { kind: 'stop', attempt: attempt.id, request } });
}

export function stopRequestOf(attempt: Pick<AttemptRow, 'id' | 'stop_request'>): StopRequest | null {
  return stopRequest.readOptional(attempt);
}
