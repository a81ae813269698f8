import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { WorkerDeps } from '../../deps.ts';
import { attemptsInDocker, removeAttempt } from '../../engine/sandbox/removal.ts';

const LOOK_EVERY = 10_000;

type Parts = Pick<WorkerDeps, 'docker' | 'spool' | 'config' | 'log'>;

/** Removes containers and folders of attempts that no living worker of this host holds; at the start and each 10 s, until `done` aborts. */
export async function sweepStrays(parts: Parts, done: AbortSignal): Promise<void> {
  while (!done.aborted) {
    await sweep(parts).catch((error: unknown) => {
      // The engine may be away for a while; it is looked at again.
      parts.log.warn({ err: error }, 'what dead workers left cannot be removed');
    });
    await delay(LOOK_EVERY, undefined, { signal: done }).catch(() => undefined);
  }
}

/** What there is, is listed before what is held: what is begun in between counts as held. */
async function sweep({ docker, spool, config, log }: Parts): Promise<void> {
  const attempts = await attemptsInDocker(docker);
  const folders = await readdir(join(config.work_dir, 'jobs')).catch(() => []);
  const held = new Set(await spool.held());
  for (const attempt of attempts) {
    if (held.has(attempt)) continue;
    log.info({ attempt }, 'removing what a dead worker left');
    await removeAttempt(docker, attempt);
  }
  for (const folder of folders)
    if (!held.has(folder)) await rm(join(config.work_dir, 'jobs', folder), { recursive: true, force: true });
}
