import type { Row } from '../../deps.ts';
import { rollbackTarget } from '../../jobs/deploy/release.ts';
import { PlannedJob } from '../../jobs/run/plan.ts';
import { liveDeployment } from '../deployments/deployments.ts';
import { type TransactDeps, type Transaction, transact } from '../outbox/transact.ts';
import { nextRunNumber } from '../runs/runs.ts';
import { startSingleJobRun } from '../runs/single-job-run.ts';

export interface RollbackRefusal {
  refused: 'unknown_app' | 'unknown_release' | 'nothing_older';
  detail: string;
}

interface StartedRollback {
  run: string;
  job: string;
  deployment: string;
}

/** Starts a run of one deploy job that makes a kept release live again, with its image, configuration and secrets. */
export function rollBack(
  deps: TransactDeps,
  wanted: { app: string; environment: string; release: string | null; actor: string | null },
): Promise<StartedRollback | RollbackRefusal> {
  return transact(deps, async (t) => {
    const target = await findTarget(t, wanted);
    return 'refused' in target ? target : startRollback(t, target, wanted.actor);
  });
}

async function findTarget(
  t: Pick<Transaction, 'sql'>,
  { app, environment, release }: { app: string; environment: string; release: string | null },
): Promise<Row<'releases'> | RollbackRefusal> {
  const all = await t.sql
    .selectFrom('releases')
    .selectAll()
    .where('app', '=', app)
    .where('environment', '=', environment)
    .execute();
  if (all.length === 0) return { refused: 'unknown_app', detail: `${app} has no release in ${environment}` };
  if (release !== null) {
    const named = all.find(({ id }) => id === release);
    if (!named) return { refused: 'unknown_release', detail: `${app} has no release ${release} in ${environment}` };
    if (named.kept === 1) return named;
    const kept = all.filter((row) => row.kept === 1).map(({ id }) => id);
    return {
      refused: 'unknown_release',
      detail: `the image of ${release} is no longer kept; kept releases: ${kept.join(', ') || 'none'}`,
    };
  }
  const live = await liveDeployment(t, app, environment);
  const past = all.map((row) => ({ ...row, kept: row.kept === 1, row }));
  const target = rollbackTarget(past, live?.release_id ?? null);
  return (
    target?.row ?? {
      refused: 'nothing_older',
      detail: `${app} has no kept release in ${environment} that is older than the live one`,
    }
  );
}

async function startRollback(
  t: Transaction,
  release: Row<'releases'>,
  actor: string | null,
): Promise<StartedRollback | RollbackRefusal> {
  const origin = await t.sql.selectFrom('runs').selectAll().where('id', '=', release.run_id).executeTakeFirstOrThrow();
  if (!(await isRegistered(t, origin.repo_id)))
    return { refused: 'unknown_app', detail: `${origin.repo}, which made ${release.id}, is no longer registered` };
  const { run, job } = await startSingleJobRun(
    t,
    {
      workflow: 'rollback',
      number: origin.repo_id === null ? 0 : await nextRunNumber(t, origin.repo_id),
      repo_id: origin.repo_id,
      repo: origin.repo,
      ref: origin.ref,
      branch: origin.branch,
      sha: release.sha,
      actor,
      app: release.app,
      forced: 1,
    },
    rollbackJob(release),
    { id: t.newId('job'), release_id: release.id },
  );
  const deployment = await t.sql
    .selectFrom('deployments')
    .select('id')
    .where('job_id', '=', job)
    .executeTakeFirstOrThrow();
  return { run, job, deployment: deployment.id };
}

async function isRegistered(t: Pick<Transaction, 'sql'>, repo_id: string | null): Promise<boolean> {
  const repo = await t.sql.selectFrom('repos').select('id').where('id', '=', repo_id).executeTakeFirst();
  return repo !== undefined;
}

function rollbackJob({ id, app, environment }: Row<'releases'>): PlannedJob {
  const uses = 'gantry/deploy@v1';
  return PlannedJob.parse({
    key: 'rollback',
    base: 'rollback',
    name: `rollback of ${app} in ${environment}`,
    kind: 'deploy',
    timeout_minutes: 60,
    steps: [{ id: 'deploy', name: `Roll back to ${id}`, uses, with: { environment } }],
    environments: [environment],
  });
}
