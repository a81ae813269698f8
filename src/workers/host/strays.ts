import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { WorkerDeps } from '../../deps.ts';
import { attemptsInDocker, removeAttempt } from '../../engine/sandbox/removal.ts';

/** Milliseconds. */
const INTERVAL = 10_000;

type StrayDeps = Pick<WorkerDeps, 'docker' | 'spool' | 'config' | 'log'>;

/** Removes containers and folders of attempts that no living worker of this host holds, every 10 s until `done` aborts. */
export async function sweepStrays(deps: StrayDeps, done: AbortSignal): Promise<void> {
  while (!done.aborted) {
    await sweep(deps).catch((error: unknown) => {
      deps.log.warn({ err: error }, 'cannot remove the containers and folders of dead workers; retrying in 10 s');
    });
    await delay(INTERVAL, undefined, { signal: done }).catch(() => undefined);
  }
}

/** Lists the held attempts last, so that an attempt that begins meanwhile counts as held. */
async function sweep({ docker, spool, config, log }: StrayDeps): Promise<void> {
  const attempts = await attemptsInDocker(docker);
  const folders = await readdir(join(config.work_dir, 'jobs')).catch(() => []);
  const held = new Set(await spool.held());
  for (const attempt of attempts) {
    if (held.has(attempt)) continue;
    log.info({ attempt }, 'removing an attempt of a dead worker');
    await removeAttempt(docker, attempt);
  }
  for (const folder of folders)
    if (!held.has(folder)) await rm(join(config.work_dir, 'jobs', folder), { recursive: true, force: true });
}
