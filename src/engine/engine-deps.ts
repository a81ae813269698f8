import type { WorkerDeps } from '../deps.ts';

/** What the engine works with; the slice of a worker's parts that it needs. */
export type EngineDeps = Pick<WorkerDeps, 'config' | 'log' | 'locks' | 'docker' | 'proxy' | 'git' | 'blobs' | 'now'> & {
  envelope: Pick<WorkerDeps['envelope'], 'installation'>;
};
