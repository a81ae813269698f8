import type { ServerDeps } from '../../deps.ts';
import { messageOf } from '../../error.ts';
import { environmentId, environmentMoves } from '../../jobs/deploy/environment.ts';
import { newAttempt, openAttempt } from '../attempts/attempts.ts';
import { deployOrder } from '../deployments/deploy-order.ts';
import { type DeploymentRow, moveDeployment, openDeployments } from '../deployments/deployments.ts';
import { type TransactDeps, type Transaction, transact } from '../outbox/transact.ts';
import { advanceRun, endUnstartedJob } from '../runs/advance-run.ts';
import { changeRun } from '../runs/run-change.ts';
import { type AnswerDeps, sendAnswer } from './answers.ts';

export type EnvironmentDeps = TransactDeps & AnswerDeps;

const REPLACED = 'a newer deployment took its place';

/**
 * Takes the next step in an environment: cancels waiting deployments that a newer one replaces, then either reconciles a dirty
 * environment or starts the newest deployment. Answers the steps of the deployments that were cancelled or started.
 */
export async function advanceEnvironment(deps: EnvironmentDeps, app: string, environment: string): Promise<void> {
  const decided = await transact(deps, (t) => advance(t, deps, app, environment));
  for (const { attempt_id, asked_seq } of decided)
    if (attempt_id !== null && asked_seq !== null) await sendAnswer(deps, attempt_id, asked_seq);
}

/** Returns the deployments whose step can be answered now. */
async function advance(
  t: Transaction,
  deps: Pick<ServerDeps, 'vault'>,
  app: string,
  environment: string,
): Promise<DeploymentRow[]> {
  const open = await openDeployments(t, app, environment);
  const moves = environmentMoves(open.map((deployment) => ({ ...deployment, asked: deployment.asked_seq !== null })));
  const decided: DeploymentRow[] = [];
  for (const deployment of open)
    if (moves.replaced.includes(deployment.id) && (await replace(t, deployment))) decided.push(deployment);
  if (await ensureReconciled(t, app, environment, open)) {
    const next = open.find(({ id }) => id === moves.start);
    if (next && (await start(t, deps, next))) decided.push(next);
  }
  return decided;
}

/** Also cancels the deployment's job when it has not started, because it would deploy nothing. */
async function replace(t: Transaction, deployment: DeploymentRow): Promise<boolean> {
  if (!(await moveDeployment(t, deployment, 'cancelled', { reason: REPLACED }))) return false;
  if (deployment.asked_seq !== null) return true;
  const change = await changeRun(t, deployment.run_id);
  const job = change.jobs.find(({ id }) => id === deployment.job_id);
  if (job?.status === 'queued') await endUnstartedJob(t, change, job, 'cancelled', REPLACED);
  await advanceRun(t, change);
  await change.save();
  return true;
}

/** Fails the deployment when its order cannot be made, because a retry would fail too. */
async function start(t: Transaction, deps: Pick<ServerDeps, 'vault'>, next: DeploymentRow): Promise<boolean> {
  try {
    await deployOrder(deps, t.sql, next);
  } catch (error) {
    return moveDeployment(t, next, 'failed', { reason: `cannot start the deployment: ${messageOf(error)}` });
  }
  return moveDeployment(t, next, 'starting');
}

/** True when a deployment may start. Otherwise a reconciliation is running, or is requested now. */
async function ensureReconciled(
  t: Transaction,
  app: string,
  environment: string,
  open: DeploymentRow[],
): Promise<boolean> {
  const subject_id = environmentId(app, environment);
  if (await openAttempt(t, 'environment', subject_id)) return false;
  const unresolved = open.some(({ status }) => status !== 'waiting');
  if (!unresolved && !(await isDirty(t, app, environment))) return true;
  // The reconciliation waits until that attempt has ended. `environmentMoves` starts nothing beside an active deployment.
  if (await hasRunningAttempt(t, app, environment)) return true;
  await t.sql
    .updateTable('environments')
    .set({ dirty: 0 })
    .where('app', '=', app)
    .where('name', '=', environment)
    .execute();
  await newAttempt(t, { subject: 'environment', subject_id, lane: 'plan' });
  return false;
}

async function isDirty(t: Transaction, app: string, environment: string): Promise<boolean> {
  const row = await t.sql
    .selectFrom('environments')
    .select('dirty')
    .where('app', '=', app)
    .where('name', '=', environment)
    .executeTakeFirst();
  return row?.dirty === 1;
}

/** Whether a running attempt may change containers of this environment, for example while it drains the replaced release. */
async function hasRunningAttempt(t: Transaction, app: string, environment: string): Promise<boolean> {
  const row = await t.sql
    .selectFrom('deployments')
    .innerJoin('attempts', 'attempts.id', 'deployments.attempt_id')
    .select('deployments.id')
    .where('deployments.app', '=', app)
    .where('deployments.environment', '=', environment)
    .where('deployments.status', '<>', 'waiting')
    .where('attempts.status', '=', 'running')
    .executeTakeFirst();
  return row !== undefined;
}
