import { hasCode } from '../../error.ts';
import type { CloneSource } from '../../jobs/protocol/grant.ts';
import { type Attempt, say } from '../job/job-execution.ts';
import type { StepEnd, StepTurn } from '../steps/step.ts';
import { UserError } from '../user-error.ts';
import { SUCCESS } from '../verdict.ts';
import { ownCommit } from './own-commit.ts';
import { emptyFolder, pathInWorkspace } from './workspace.ts';

/** actions/checkout, built in: the work tree is made on the host, and no credential ever reaches the container. */
export async function checkout(attempt: Attempt, turn: StepTurn): Promise<StepEnd> {
  const { deps, grant, folder, container } = attempt;
  const { source } = grant;
  if (source === null) throw new UserError('there is nothing to check out: this job belongs to no repository');
  const wanted = parseCheckout(turn.with, source.name);
  const { ref, sha } = await fetched(attempt, source, wanted.ref, turn.signal);
  const lay = async () => {
    const target = await pathInWorkspace(folder.workspace, wanted.path, true);
    await emptyFolder(target);
    await deps.git.checkout(source.id, sha, ref, target, { depth: wanted.depth, clone_url: source.clone_url });
  };
  await (container === null ? lay() : deps.docker.whilePaused(container, lay));
  turn.signal.throwIfAborted();
  say(attempt, turn.number, `Checked out ${source.name} at ${sha} (${ref})`);
  return { verdict: SUCCESS, outputs: { ref, commit: sha } };
}

/** What a checkout asks for; what it asks and cannot have is refused rather than left out. */
export function parseCheckout(given: Record<string, string>, repository: string) {
  for (const name of ['submodules', 'lfs', 'sparse-checkout', 'ssh-key', 'filter'])
    if (!['', 'false', undefined].includes(given[name]))
      throw new UserError(`actions/checkout: \`${name}\` is not supported`);
  const other = given.repository ?? '';
  if (other !== '' && other.toLowerCase() !== repository.toLowerCase())
    throw new UserError(
      `actions/checkout: only this job's own repository, ${repository}, can be checked out, not ${other}`,
    );
  const depth = Number(given['fetch-depth'] || '1');
  if (!Number.isSafeInteger(depth) || depth < 0)
    throw new UserError(`actions/checkout: \`fetch-depth\` is a whole number from 0, not \`${given['fetch-depth']}\``);
  return { ref: given.ref ?? '', path: given.path ?? '', depth: depth === 0 ? null : depth };
}

/** The commit, in the mirror of this host: the run's own, or what `ref` names. */
async function fetched(attempt: Attempt, source: CloneSource, ref: string, signal: AbortSignal) {
  const { deps, grant } = attempt;
  if (ref === '' || ref === grant.sha || ref === grant.ref) return ownCommit(attempt, source, signal);
  if (/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(ref))
    return { ref, sha: await deps.git.fetch(source, { ref: grant.ref ?? 'HEAD', sha: ref }, signal) };
  return firstNamed(attempt, source, candidatesOf(ref), signal);
}

function candidatesOf(ref: string): string[] {
  return ref.startsWith('refs/') ? [ref] : [`refs/heads/${ref}`, `refs/tags/${ref}`];
}

async function firstNamed(attempt: Attempt, source: CloneSource, refs: string[], signal: AbortSignal) {
  const [ref = '', ...others] = refs;
  try {
    return { ref, sha: await attempt.deps.git.fetch(source, { ref, sha: null }, signal) };
  } catch (error) {
    if (!hasCode(error, 'not_found') || others.length === 0) throw error;
    return firstNamed(attempt, source, others, signal);
  }
}
