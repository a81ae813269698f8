import { hasCode } from '../../error.ts';
import type { CloneSource } from '../../jobs/protocol/grant.ts';
import type { EngineDeps } from '../engine-deps.ts';
import { type JobExecution, logLine } from '../execution/job-execution.ts';
import type { RunningStep, StepEnd } from '../execution/step.ts';
import { UserError } from '../user-error.ts';
import { SUCCESS } from '../verdict.ts';
import { fetchJobCommit } from '../workspace/job-commit.ts';
import { emptyFolder, pathInWorkspace } from '../workspace/workspace.ts';

/** actions/checkout, built in: the host writes the work tree, so no credential reaches the container. */
export async function checkoutStep(execution: JobExecution, step: RunningStep): Promise<StepEnd> {
  const { deps, grant, folder, sandbox } = execution;
  const { source } = grant;
  if (source === null) throw new UserError('nothing to check out: this job belongs to no repository');
  const inputs = parseCheckout(step.with, source.name);
  const { ref, sha } = await fetchCommit(execution, source, inputs.ref, step.signal);
  await sandbox.whilePaused(async () => {
    const target = await pathInWorkspace(folder.workspace, inputs.path, true);
    await emptyFolder(target);
    await deps.git.checkout(source.id, sha, ref, target, { depth: inputs.depth, clone_url: source.clone_url });
  });
  step.signal.throwIfAborted();
  logLine(execution, step.number, `Checked out ${source.name} at ${sha} (${ref})`);
  return { verdict: SUCCESS, outputs: { ref, commit: sha } };
}

/** Throws a `UserError` for an input that Gantry does not support, instead of ignoring it. */
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
    throw new UserError(
      `actions/checkout: \`fetch-depth\` must be a whole number, 0 or greater, not \`${given['fetch-depth']}\``,
    );
  return { ref: given.ref ?? '', path: given.path ?? '', depth: depth === 0 ? null : depth };
}

/** Fetches the run's own commit, or what `ref` names, into this host's mirror. */
async function fetchCommit(
  { deps: { git }, grant }: Pick<JobExecution, 'deps' | 'grant'>,
  source: CloneSource,
  ref: string,
  signal: AbortSignal,
): Promise<{ ref: string; sha: string }> {
  if (ref === '' || ref === grant.sha || ref === grant.ref) return fetchJobCommit(git, grant, source, signal);
  if (/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(ref))
    return { ref, sha: await git.fetch(source, { ref: grant.ref ?? 'HEAD', sha: ref }, signal) };
  const candidates = ref.startsWith('refs/') ? [ref] : [`refs/heads/${ref}`, `refs/tags/${ref}`];
  return fetchFirst(git, source, candidates, signal);
}

async function fetchFirst(git: EngineDeps['git'], source: CloneSource, refs: string[], signal: AbortSignal) {
  const [ref = '', ...others] = refs;
  try {
    return { ref, sha: await git.fetch(source, { ref, sha: null }, signal) };
  } catch (error) {
    if (!hasCode(error, 'not_found') || others.length === 0) throw error;
    return fetchFirst(git, source, others, signal);
  }
}
