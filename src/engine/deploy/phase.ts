import type { Attempt } from '../job/job-execution.ts';

/** Tells of a part of a deployment while it lasts, and how long it took. */
export async function phased<T>(
  attempt: Attempt,
  deployment: string,
  name: string,
  work: () => Promise<T>,
): Promise<T> {
  const { reporter, deps } = attempt;
  const started_at = deps.now();
  const tell = (finished_at: number | null) =>
    reporter.emit({ type: 'phase', data: { deployment, name, started_at, finished_at } });
  await tell(null);
  try {
    return await work();
  } finally {
    await tell(deps.now());
  }
}
