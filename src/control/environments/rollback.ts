import type { Row, ServerDeps } from '../../deps.ts';
import { rollbackTarget } from '../../jobs/deploy/release.ts';
import { ownJob, ownStep } from '../../jobs/run/own-job.ts';
import type { PlannedJob } from '../../jobs/run/plan.ts';
import { type Transaction, transact } from '../outbox/transact.ts';
import { startOwnRun } from '../runs/own-run.ts';
import { nextRunNumber } from '../runs/runs.ts';
import { liveDeployment } from '../deployments/deployments.ts';

export interface RollbackRefusal {
  refused: 'unknown_app' | 'unknown_release' | 'nothing_older';
  detail: string;
}

/** Puts a kept release back, image, configuration and routing together: a run of one deploy job, without a build. */
export function rollBack(
  deps: ServerDeps,
  wanted: { app: string; environment: string; release: string | null; actor: string | null },
): Promise<{ run: string; job: string; deployment: string } | RollbackRefusal> {
  return transact(deps, async (t) => {
    const target = await findTarget(t, wanted);
    return 'refused' in target ? target : makeRun(t, target, wanted.actor);
  });
}

async function findTarget(
  t: Transaction,
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
    if (!named) return { refused: 'unknown_release', detail: `${release} is no release of ${app} in ${environment}` };
    if (named.kept === 1) return named;
    return {
      refused: 'unknown_release',
      detail: `the image of ${release} is not kept any more; the kept ones are ${keptOf(all)}`,
    };
  }
  const live = await liveDeployment(t, app, environment);
  const past = all.map((row) => ({ ...row, kept: row.kept === 1, row }));
  const target = rollbackTarget(past, live?.release_id ?? null);
  return (
    target?.row ?? {
      refused: 'nothing_older',
      detail: `no kept release of ${app} in ${environment} is older than the live one`,
    }
  );
}

function keptOf(releases: readonly Row<'releases'>[]): string {
  return (
    releases
      .filter(({ kept }) => kept === 1)
      .map(({ id }) => id)
      .join(', ') || 'none'
  );
}

async function makeRun(
  t: Transaction,
  release: Row<'releases'>,
  actor: string | null,
): Promise<{ run: string; job: string; deployment: string } | RollbackRefusal> {
  const origin = await t.sql.selectFrom('runs').selectAll().where('id', '=', release.run_id).executeTakeFirstOrThrow();
  if (!(await isRegistered(t, origin.repo_id)))
    return { refused: 'unknown_app', detail: `${origin.repo}, which made ${release.id}, is not registered any more` };
  const { run, job } = await startOwnRun(
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
    rollbackSpec(release),
    { id: t.newId('job'), release_id: release.id },
  );
  const deployment = await t.sql
    .selectFrom('deployments')
    .select('id')
    .where('job_id', '=', job)
    .executeTakeFirstOrThrow();
  return { run, job, deployment: deployment.id };
}

async function isRegistered(t: Transaction, repo_id: string | null): Promise<boolean> {
  const repo = await t.sql.selectFrom('repos').select('id').where('id', '=', repo_id).executeTakeFirst();
  return repo !== undefined;
}

function rollbackSpec({ id, app, environment }: Row<'releases'>): PlannedJob {
  const uses = 'gantry/deploy@v1';
  return ownJob({
    key: 'rollback',
    name: `rollback of ${app} in ${environment}`,
    kind: 'deploy',
    timeout_minutes: 60,
    steps: [ownStep({ id: 'deploy', name: `Put ${id} back`, uses, with: { environment } })],
    environments: [environment],
  });
}
