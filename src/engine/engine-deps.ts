import type { WorkerDeps } from '../deps.ts';

/** The part of a worker's dependencies that the engine uses. */
export type EngineDeps = Pick<WorkerDeps, 'config' | 'log' | 'locks' | 'docker' | 'proxy' | 'git' | 'blobs' | 'now'> & {
  envelope: Pick<WorkerDeps['envelope'], 'installation'>;
};
