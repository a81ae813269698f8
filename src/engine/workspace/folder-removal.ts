import { rm } from 'node:fs/promises';
import { hasCode } from '../../error.ts';
import type { Attempt } from '../job/job-execution.ts';
import { createContainer } from '../sandbox/job-container.ts';

/** Removes an attempt's folder, links as links. What root in the container left, a worker that is not root removes by another container. */
export async function removeFolder(attempt: Attempt): Promise<void> {
  const { root } = attempt.folder;
  try {
    await rm(root, { recursive: true, force: true });
  } catch (error) {
    if (attempt.image === null || !hasCode(error, 'EACCES', 'EPERM')) throw error;
    await emptyByContainer(attempt, attempt.image);
    await rm(root, { recursive: true, force: true });
  }
}

/** The image that the job ran in has a shell; the job is over, so nothing runs beside it. */
export async function emptyByContainer(attempt: Attempt, image: string): Promise<void> {
  const { docker } = attempt.deps;
  const container = await createContainer(attempt, {
    image,
    entrypoint: ['sh', '-c', 'rm -rf /gantry/* /gantry/.[!.]* /gantry/..?*'],
    command: [],
    env: {},
    cwd: '/',
    user: '0:0',
    mounts: [{ source: attempt.folder.root, target: '/gantry', kind: 'bind', read_only: false }],
  });
  try {
    await docker.run(container, { stdout: () => {}, stderr: () => {} });
  } finally {
    await docker.remove(container);
  }
}
