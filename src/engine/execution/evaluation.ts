import type { ExpressionFunctions } from '../../workflows/expressions/expression-functions.ts';
import { UserError } from '../user-error.ts';
import { hashFiles } from '../workspace/hash-files.ts';
import { parseFilePatterns } from '../workspace/hash-patterns.ts';
import type { JobExecution } from './job-execution.ts';

/** Limit for the missing hashes of one round, in milliseconds. The job's processes are paused meanwhile. */
const HASH_TIMEOUT = 120_000;

/**
 * Evaluates expressions that may call hashFiles(). Expressions are synchronous and hashing is not, so `evaluate` is repeated with the
 * hashes that it requested until no hash is missing. It must have no effects.
 */
export async function evaluateWithFiles<T>(
  execution: JobExecution,
  evaluate: (functions: ExpressionFunctions) => T,
): Promise<T> {
  const known = new Map<string, string>();
  for (;;) {
    const missing = new Map<string, string[]>();
    const hash_files = (patterns: string[]) => {
      const key = JSON.stringify(patterns);
      const hash = known.get(key);
      if (hash === undefined) missing.set(key, patterns);
      return hash ?? '';
    };
    const outcome = capture(() => evaluate({ hash_files }));
    // While hashes are missing, the result or the error may come from their absence.
    if (missing.size > 0) await execution.sandbox.whilePaused(() => hashAll(execution, missing, known));
    else if ('error' in outcome) throw outcome.error;
    else return outcome.value;
  }
}

function capture<T>(work: () => T): { value: T } | { error: unknown } {
  try {
    return { value: work() };
  } catch (error) {
    return { error };
  }
}

async function hashAll(
  { folder, signal, force, interruption }: JobExecution,
  missing: Map<string, string[]>,
  known: Map<string, string>,
): Promise<void> {
  const late = AbortSignal.timeout(HASH_TIMEOUT);
  // A step that runs although the job was stopped ends only by force.
  const ends = interruption === null ? [signal, force, late] : [force, late];
  try {
    for (const [key, patterns] of missing)
      known.set(key, await hashFiles(folder.workspace, parseFilePatterns(patterns), AbortSignal.any(ends)));
  } catch (error) {
    if (error !== late.reason || !late.aborted) throw error;
    throw new UserError('hashFiles() took more than 2 min; use patterns that match fewer files', { cause: error });
  }
}
