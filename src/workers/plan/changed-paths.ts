import type { WorkerDeps } from '../../deps.ts';
import { hasCode } from '../../error.ts';
import type { PlanGrant } from '../../jobs/protocol/grant.ts';
import type { Workflow } from '../../workflows/syntax/workflow.ts';

/** The paths that a push or pull request changes; null when no workflow filters by path, or when they are unknown. */
export async function changedPaths(
  git: WorkerDeps['git'],
  { source, trigger }: PlanGrant,
  sha: string,
  workflows: readonly Workflow[],
  signal: AbortSignal,
): Promise<string[] | null> {
  const { before, base_ref, kind, ref } = trigger;
  if (before === null || !workflows.some(filtersPaths)) return null;
  const base =
    kind === 'pull_request' && base_ref !== null ? `refs/heads/${base_ref.replace(/^refs\/heads\//, '')}` : ref;
  try {
    await git.fetch(source, { ref: base, sha: before }, signal);
  } catch (error) {
    signal.throwIfAborted();
    // A forced push may have removed the commit. Other errors may be temporary: the plan is retried.
    if (hasCode(error, 'not_found')) return null;
    throw error;
  }
  return git.changed(source.id, before, sha, kind === 'pull_request');
}

function filtersPaths({ events }: Workflow): boolean {
  return Object.values(events).some((filter) => filter.paths !== null || filter['paths-ignore'] !== null);
}
