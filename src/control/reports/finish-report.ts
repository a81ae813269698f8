import type { Finished } from '../../jobs/protocol/event.ts';
import type { AttemptRow } from '../attempts/attempts.ts';
import type { Transaction } from '../outbox/transact.ts';
import { reportSent } from '../stored/columns.ts';

/** Milliseconds. */
const LONGEST_PAUSE = 15 * 60_000;

/** Stores what was sent to GitHub, or when to retry. A rate limit delays all of the repository's reports. */
export async function finishReport(
  t: Transaction,
  attempt: AttemptRow,
  { verdict, report: outcome }: Finished,
): Promise<void> {
  const key = attempt.subject_id;
  // There are thousands of reports, so their attempts are not kept.
  await t.sql.deleteFrom('attempts').where('id', '=', attempt.id).execute();
  const report = await t.sql.selectFrom('reports').selectAll().where('key', '=', key).executeTakeFirst();
  if (!report) return;
  const sent = outcome?.sent ? { sent: reportSent.write(outcome.sent) } : {};
  if (verdict.status === 'succeeded') {
    await update({ ...sent, sent_desired: report.granted, tries: 0, not_before: t.now });
    t.effects.push({ do: 'offer' });
  } else if (verdict.status === 'failed') {
    t.onCommit(({ log }) =>
      log.warn({ report: key, reason: verdict.reason }, 'GitHub refused a report; this state is not sent again'),
    );
    // A state that was stored during the attempt has not been refused.
    if (report.desired === report.granted) await update({ ...sent, gave_up: verdict.reason });
    else await update({ ...sent, tries: 0 });
  } else {
    const retry_at = outcome?.retry_at ?? t.now + Math.min(LONGEST_PAUSE, 1000 * 2 ** report.tries);
    await update({ ...sent, tries: report.tries + 1, not_before: retry_at });
    if (outcome?.retry_at)
      await t.sql
        .updateTable('reports')
        .set({ not_before: retry_at })
        .where('repo_id', '=', report.repo_id)
        .where('not_before', '<', retry_at)
        .where('gave_up', 'is', null)
        .execute();
  }

  async function update(patch: {
    sent?: string;
    sent_desired?: string | null;
    tries?: number;
    not_before?: number;
    gave_up?: string | null;
  }) {
    await t.sql.updateTable('reports').set(patch).where('key', '=', key).execute();
  }
}
