import type { CloneSource } from '../../jobs/protocol/grant.ts';
import type { Attempt } from '../job/job-execution.ts';

/** The commit that the job runs at, in the mirror of this host. */
export async function ownCommit(
  { deps, grant }: Attempt,
  source: CloneSource,
  signal: AbortSignal,
): Promise<{ ref: string; sha: string }> {
  const ref = grant.ref ?? 'HEAD';
  return { ref, sha: await deps.git.fetch(source, { ref, sha: grant.sha }, signal) };
}
