import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Spool, WorkerDeps } from '../../deps.ts';
import { attemptsInDocker, removeAttempt } from '../../engine/sandbox/removal.ts';

/** Milliseconds. */
const INTERVAL = 10_000;

type StrayDeps = Pick<WorkerDeps, 'docker' | 'log'> & {
  config: Pick<WorkerDeps['config'], 'work_dir'>;
  spool: Pick<Spool, 'held'>;
};

/** Removes containers and folders of attempts that no living worker of this host holds, every 10 s until `done` aborts. */
export async function sweepStrays(deps: StrayDeps, done: AbortSignal): Promise<void> {
  while (!done.aborted) {
    await sweep(deps).catch((error: unknown) => {
      deps.log.warn({ err: error }, 'cannot list the containers and folders of dead workers; retrying in 10 s');
    });
    await delay(INTERVAL, undefined, { signal: done }).catch(() => undefined);
  }
}

/** Lists the held attempts last, so that an attempt that begins meanwhile counts as held. */
async function sweep({ docker, spool, config, log }: StrayDeps): Promise<void> {
  const jobs = join(config.work_dir, 'jobs');
  const attempts = await attemptsInDocker(docker);
  const folders = await readdir(jobs).catch(() => []);
  const held = new Set(await spool.held());
  for (const attempt of attempts)
    if (!held.has(attempt)) await remove(attempt, 'containers', () => removeAttempt(docker, attempt));
  for (const folder of folders)
    if (!held.has(folder))
      await remove(folder, 'folder', () => rm(join(jobs, folder), { recursive: true, force: true }));

  /** One that cannot be removed does not stop the others. */
  async function remove(attempt: string, what: 'containers' | 'folder', work: () => Promise<void>): Promise<void> {
    log.info({ attempt, what }, 'removing an attempt of a dead worker');
    await work().catch((error: unknown) => {
      log.warn({ err: error, attempt, what }, 'cannot remove an attempt of a dead worker; retrying in 10 s');
    });
  }
}
