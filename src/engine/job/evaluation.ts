import type { ExpressionFunctions } from '../../workflows/expressions/expression-functions.ts';
import { UserError } from '../user-error.ts';
import { hashFiles } from '../workspace/hash-files.ts';
import { parseFilePatterns } from '../workspace/hash-patterns.ts';
import type { Attempt } from './job-execution.ts';

/** What all hashes of one evaluation may take, in milliseconds; the job's processes are held meanwhile. */
const LONGEST = 120_000;

/**
 * What `evaluate` comes to with hashFiles() answered. It is called again as long as it asks for a hash that is not known yet: hashes take
 * time, expressions know none, and only what is really asked for is hashed. So it must do nothing else.
 */
export async function evaluated<T>(attempt: Attempt, evaluate: (functions: ExpressionFunctions) => T): Promise<T> {
  const known = new Map<string, string>();
  for (;;) {
    const asked = new Map<string, string[]>();
    const outcome = settled(() => evaluate({ hash_files: (patterns) => answer(patterns, known, asked) }));
    if (asked.size > 0) await holding(attempt, () => hashAll(attempt, asked, known));
    else if ('error' in outcome) throw outcome.error;
    else return outcome.value;
  }
}

function answer(patterns: string[], known: Map<string, string>, asked: Map<string, string[]>): string {
  const key = JSON.stringify(patterns);
  const hash = known.get(key);
  if (hash === undefined) asked.set(key, patterns);
  return hash ?? '';
}

/** An error may come of a hash that was not known yet. */
function settled<T>(work: () => T): { value: T } | { error: unknown } {
  try {
    return { value: work() };
  } catch (error) {
    return { error };
  }
}

async function hashAll(attempt: Attempt, asked: Map<string, string[]>, known: Map<string, string>): Promise<void> {
  const late = AbortSignal.timeout(LONGEST);
  // Steps that run although the job is being ended are ended only by force.
  const ends = attempt.interruption === null ? [attempt.signal, attempt.force, late] : [attempt.force, late];
  try {
    for (const [key, patterns] of asked)
      known.set(key, await hashFiles(attempt.folder.workspace, parseFilePatterns(patterns), AbortSignal.any(ends)));
  } catch (error) {
    if (error !== late.reason || !late.aborted) throw error;
    throw new UserError('hashFiles() took more than 2 min; give patterns that match fewer', { cause: error });
  }
}

/** Nothing of the job runs meanwhile, so no file becomes a link as it is opened. */
function holding<T>({ deps, container }: Attempt, work: () => Promise<T>): Promise<T> {
  return container === null ? work() : deps.docker.whilePaused(container, work);
}
