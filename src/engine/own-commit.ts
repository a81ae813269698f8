import type { CloneSource } from '../jobs/grant.ts';
import type { Attempt } from './attempt.ts';

/** The commit that the job runs at, in the mirror of this host. */
export async function ownCommit(
  { machine, grant }: Attempt,
  source: CloneSource,
  signal: AbortSignal,
): Promise<{ ref: string; sha: string }> {
  const ref = grant.ref ?? 'HEAD';
  return { ref, sha: await machine.git.fetch(source, { ref, sha: grant.sha }, signal) };
}
