import type { Row } from '../../deps.ts';
import { brokenRunReport, deploymentReport, type Report, type StatusReport, statusReport } from '../../jobs/report.ts';
import { type DeploymentStatus, hasEnded, OPEN_DEPLOYMENT } from '../../jobs/status.ts';
import { newAttempt } from '../attempts/attempts.ts';
import type { Transaction } from '../outbox/transact.ts';
import { reportGranted } from '../stored/columns.ts';

/** Milliseconds before a state that is not final is sent. Most are replaced in that time. */
const SETTLE = 1000;

/** Stores the reports of these jobs of a run, or of a failed run without jobs. */
export async function reportRun(t: Transaction, run: Row<'runs'>, changed: readonly Row<'jobs'>[]): Promise<void> {
  if (run.repo_id === null || run.sha === null) return;
  const about = { workflow: run.workflow, sha: run.sha, url: runUrl(t.config, run.id) };
  for (const job of changed) await storeStatus(t, run.repo_id, statusReport(about, job), hasEnded(job.status));
  if (changed.length === 0 && run.status === 'failed' && run.reason !== null)
    await storeStatus(t, run.repo_id, brokenRunReport({ ...about, reason: run.reason, status: run.status }), true);
}

function storeStatus(t: Transaction, repo_id: string, report: StatusReport, is_final: boolean): Promise<void> {
  return storeReport(t, `status/${repo_id}/${report.sha}/${report.context}`, repo_id, report, is_final);
}

/** Stores the report of a deployment. */
export async function reportDeployment(t: Transaction, deployment: Row<'deployments'>): Promise<void> {
  const run = await t.sql.selectFrom('runs').selectAll().where('id', '=', deployment.run_id).executeTakeFirstOrThrow();
  if (run.repo_id === null || deployment.sha === null) return;
  const report = deploymentReport({ ...deployment, ref: deployment.sha, log_url: runUrl(t.config, run.id) });
  const open: readonly DeploymentStatus[] = OPEN_DEPLOYMENT;
  await storeReport(t, `deployment/${deployment.id}`, run.repo_id, report, !open.includes(deployment.status));
}

async function storeReport(
  t: Transaction,
  key: string,
  repo_id: string,
  report: Report,
  is_final: boolean,
): Promise<void> {
  const repo = await t.sql.selectFrom('repos').select('token_sealed').where('id', '=', repo_id).executeTakeFirst();
  if (!repo?.token_sealed) return;
  const desired = reportGranted.write(report);
  const before = await t.sql.selectFrom('reports').selectAll().where('key', '=', key).executeTakeFirst();
  if (before?.desired === desired) return;
  // After a refusal, a new state is a new report: the cause may have been fixed since, for example a token's permissions.
  const pending = before?.gave_up == null ? before : undefined;
  const not_before = whenDue(t.now, pending, is_final);
  const values = { desired, not_before, tries: pending?.tries ?? 0, gave_up: null, updated_at: t.now };
  await t.sql
    .insertInto('reports')
    .values({ key, repo_id, ...values })
    .onConflict((conflict) => conflict.column('key').doUpdateSet(values))
    .execute();
  if (is_final) t.effects.push({ do: 'offer' });
}

/**
 * When to send a report. After a failed try, its retry time stays. A final state is sent at once. Any other state waits for
 * `SETTLE`, counted from the first state that was not sent.
 */
function whenDue(now: number, before: Row<'reports'> | undefined, is_final: boolean): number {
  if (before && before.tries > 0) return before.not_before;
  if (is_final) return now;
  const isUnsent = before && before.sent_desired !== before.desired;
  return isUnsent ? before.not_before : now + SETTLE;
}

/** Adds an attempt at each report that is due and has no open attempt, at most `most`. */
export async function startReports(t: Transaction, most: number): Promise<void> {
  const due = await t.sql
    .selectFrom('reports')
    .select('key')
    .where('gave_up', 'is', null)
    .where('not_before', '<=', t.now)
    .where((eb) => eb.or([eb('sent_desired', 'is', null), eb('sent_desired', '<>', eb.ref('desired'))]))
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('attempts')
            .select('id')
            .where('subject', '=', 'report')
            .whereRef('subject_id', '=', 'reports.key')
            .where('status', '<>', 'ended'),
        ),
      ),
    )
    .orderBy('not_before')
    .limit(most)
    .execute();
  for (const { key } of due) await newAttempt(t, { subject: 'report', subject_id: key, lane: 'notify' });
}

function runUrl({ public_url }: Transaction['config'], run: string): string {
  return `${public_url}/api/v1/runs/${run}`;
}
