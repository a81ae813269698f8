import type { GitHub, WorkerDeps } from '../../deps.ts';
import { faultOf, messageOf } from '../../error.ts';
import type { JsonObject } from '../../jobs/json.ts';
import type { Finished, ReportOutcome } from '../../jobs/protocol/event.ts';
import type { ReportGrant } from '../../jobs/protocol/grant.ts';
import type { Verdict } from '../../jobs/protocol/verdict.ts';

/** Sends the newest state of one commit status or deployment to GitHub. The outcome contains what was sent, even if the rest failed. */
export async function sendReport({ github }: Pick<WorkerDeps, 'github'>, grant: ReportGrant): Promise<Finished> {
  const outcome: ReportOutcome = { sent: grant.sent, retry_at: null };
  try {
    await send(github(grant.token), grant, outcome);
    return finished({ status: 'succeeded', reason: null, exit_code: null }, outcome);
  } catch (error) {
    return finished(verdictOf(error), { ...outcome, retry_at: retryAt(error) });
  }
}

async function send(github: GitHub, { repo, report, sent }: ReportGrant, outcome: ReportOutcome): Promise<void> {
  const { kind, ...desired } = report;
  if (kind === 'status') {
    if (same(desired, sent)) return;
    await github.createStatus(repo, report);
    outcome.sent = desired;
    return;
  }
  const { ref, environment, description } = report;
  const id = deploymentId(sent) ?? (await github.createDeployment(repo, { ref, environment, description })).id;
  if (same({ id, ...desired }, sent)) return;
  // Kept even if the next request fails, so that the next attempt does not create a second deployment.
  outcome.sent = { ...sent, id };
  await github.createDeploymentStatus(repo, id, report);
  outcome.sent = { id, ...desired };
}

function deploymentId(sent: JsonObject | null): number | null {
  return typeof sent?.id === 'number' ? sent.id : null;
}

function same(desired: JsonObject, sent: JsonObject | null): boolean {
  return sent !== null && Object.entries(desired).every(([name, value]) => sent[name] === value);
}

/** A refusal by GitHub is final; after any other error the report is retried. */
function verdictOf(error: unknown): Verdict {
  return { status: faultOf(error) === 'user' ? 'failed' : 'errored', reason: messageOf(error), exit_code: null };
}

function retryAt(error: unknown): number | null {
  return error instanceof Error && 'retry_at' in error && typeof error.retry_at === 'number' ? error.retry_at : null;
}

function finished(verdict: Verdict, report: ReportOutcome): Finished {
  return { verdict, outputs: {}, log_size: 0, report };
}
