import type { ServerDeps } from '../../deps.ts';
import { environmentMoves } from '../../jobs/deploy/environment.ts';
import { newAttempt, nextNumber, openAttempt } from '../attempts/attempts.ts';
import { type Transaction, transact } from '../outbox/transact.ts';
import { advanceRun, giveUpJob } from '../runs/advance-run.ts';
import { changeRun } from '../runs/run-change.ts';
import { type DeploymentRow, moveDeployment, openDeployments } from '../deployments/deployments.ts';

const REPLACED = 'a newer deployment took its place';

/** What follows in an environment: older deployments that wait give way, a worker sets right what nobody saw the end of, the newest starts. */
export function advanceEnvironment(deps: ServerDeps, app: string, environment: string): Promise<void> {
  return transact(deps, async (t) => {
    const open = await openDeployments(t, app, environment);
    const moves = environmentMoves(open.map((deployment) => ({ ...deployment, asked: deployment.asked_seq !== null })));
    for (const deployment of open) if (moves.replaced.includes(deployment.id)) await replace(t, deployment);
    if (await reconciling(t, app, environment, open)) return;
    const next = open.find(({ id }) => id === moves.start);
    if (!next?.attempt_id || next.asked_seq === null || !(await moveDeployment(t, next, 'starting'))) return;
    t.effects.push({ do: 'answer', attempt: next.attempt_id, seq: next.asked_seq });
  });
}

/** Its job, when it has not started, has nothing left to do. */
async function replace(t: Transaction, deployment: DeploymentRow): Promise<void> {
  if (!(await moveDeployment(t, deployment, 'cancelled', { reason: REPLACED }))) return;
  if (deployment.attempt_id !== null && deployment.asked_seq !== null) {
    t.effects.push({ do: 'answer', attempt: deployment.attempt_id, seq: deployment.asked_seq });
    return;
  }
  const change = await changeRun(t, deployment.run_id);
  const job = change.jobs.find(({ id }) => id === deployment.job_id);
  if (job?.status === 'queued') await giveUpJob(t, change, job, 'cancelled', REPLACED);
  await advanceRun(t, change);
  await change.save();
}

/** Whether a worker is, or is to be, setting the environment right; nothing starts meanwhile, and it starts only when no deployment is under way. */
async function reconciling(t: Transaction, app: string, environment: string, open: DeploymentRow[]): Promise<boolean> {
  const subject = `${app}/${environment}`;
  if (await openAttempt(t, 'environment', subject)) return true;
  const unresolved = open.some(({ status }) => status !== 'waiting');
  const { dirty } = (await t.sql
    .selectFrom('environments')
    .select('dirty')
    .where('app', '=', app)
    .where('name', '=', environment)
    .executeTakeFirst()) ?? { dirty: 0 };
  if (!unresolved && dirty === 0) return false;
  if (await underWay(t, app, environment)) return false;
  await t.sql
    .updateTable('environments')
    .set({ dirty: 0 })
    .where('app', '=', app)
    .where('name', '=', environment)
    .execute();
  const number = await nextNumber(t, 'environment', subject);
  await newAttempt(t, { subject: 'environment', subject_id: subject, number, lane: 'plan' });
  return true;
}

/** Whether some worker has containers of this environment in its hands: also one that drains what it replaced. */
async function underWay(t: Transaction, app: string, environment: string): Promise<boolean> {
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
