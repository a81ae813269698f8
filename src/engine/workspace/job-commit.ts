import type { CloneSource, JobGrant } from '../../jobs/protocol/grant.ts';
import type { EngineDeps } from '../engine-deps.ts';

/** Fetches the commit that the job runs at into this host's mirror. */
export async function fetchJobCommit(
  git: EngineDeps['git'],
  grant: Pick<JobGrant, 'ref' | 'sha'>,
  source: CloneSource,
  signal: AbortSignal,
): Promise<{ ref: string; sha: string }> {
  const ref = grant.ref ?? 'HEAD';
  return { ref, sha: await git.fetch(source, { ref, sha: grant.sha }, signal) };
}
