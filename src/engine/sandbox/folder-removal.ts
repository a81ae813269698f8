import { rm } from 'node:fs/promises';
import { hasCode } from '../../error.ts';
import type { EngineDeps } from '../engine-deps.ts';
import { createSandbox } from './docker-sandbox.ts';
import type { AttemptIds } from './sandbox.ts';

type Deps = Pick<EngineDeps, 'docker' | 'config' | 'envelope' | 'log'>;

/**
 * Removes an attempt's folder, without following links. Files that root wrote in the container are removed by another container if the
 * worker is not root; `image` is the job's image, null if no container ran.
 */
export async function removeFolder(deps: Deps, owner: AttemptIds, root: string, image: string | null): Promise<void> {
  try {
    await rm(root, { recursive: true, force: true });
  } catch (error) {
    if (image === null || !hasCode(error, 'EACCES', 'EPERM')) throw error;
    await emptyInSandbox(deps, owner, root, image);
    await rm(root, { recursive: true, force: true });
  }
}

/** The job's own sandbox must have been removed, so that nothing else uses the folder. */
export async function emptyInSandbox(deps: Deps, owner: AttemptIds, root: string, image: string): Promise<void> {
  const sandbox = await createSandbox(deps, {
    owner,
    image,
    main: {
      entrypoint: ['sh', '-c', 'rm -rf /gantry/* /gantry/.[!.]* /gantry/..?*'],
      command: [],
      env: {},
      cwd: '/',
      user: '0:0',
    },
    mounts: [{ source: root, target: '/gantry', kind: 'bind', read_only: false }],
    limits: deps.config.job_limits,
    network: 'shared',
  });
  try {
    const process = await sandbox.runMain({ stdout: () => {}, stderr: () => {} });
    await process.wait();
  } finally {
    await sandbox.remove();
  }
}
