import type { WorkerDeps } from '../../deps.ts';
import type { Finished } from '../../jobs/protocol/event.ts';
import { AttemptReporter, type ReporterDeps } from './attempt-reporter.ts';
import { claim } from './claim.ts';
import { openInterruption } from './interruption.ts';
import type { Mailbox } from './mailbox.ts';
import { type PerformDeps, perform } from './perform.ts';

/** The phases of a worker's shutdown, in order. */
export interface Shutdown {
  /** No new attempts; running ones continue. */
  draining: AbortSignal;
  /** Running attempts are stopped; the signal's reason becomes the reason of their verdicts. */
  stopping: AbortSignal;
  /** The wait for acknowledgements ends; unacknowledged events stay on disk. */
  exiting: AbortSignal;
}

type AttemptDeps = ReporterDeps & PerformDeps & Pick<WorkerDeps, 'logWriter'>;

/** Runs one attempt, from its offer until control has acknowledged its end. Never rejects. */
export async function runAttempt(
  deps: AttemptDeps,
  mailbox: Mailbox,
  attempt: string,
  shutdown: Shutdown,
): Promise<void> {
  try {
    const granted = await claim(deps, mailbox, attempt, shutdown.draining);
    if (granted === null) return;
    const reporter = new AttemptReporter(deps, mailbox, attempt, deps.logWriter(attempt));
    const finished = await run(deps, mailbox, granted.grant, reporter, shutdown);
    const log_size = await reporter.log.close();
    await reporter.finish({ ...finished, log_size }, shutdown.exiting);
  } catch (error) {
    deps.log.error({ err: error, attempt }, 'cannot finish an attempt');
  }
}

async function run(
  deps: PerformDeps,
  mailbox: Mailbox,
  grant: unknown,
  reporter: AttemptReporter,
  { draining, stopping }: Shutdown,
): Promise<Finished> {
  // An attempt that is granted while the worker drains does not start.
  const signal = draining.aborted ? draining : AbortSignal.any([stopping, reporter.superseded]);
  const interruption = openInterruption(mailbox, reporter.attempt, signal);
  try {
    const finished = await perform(deps, grant, reporter, interruption);
    const interrupted = signal.aborted && !reporter.superseded.aborted;
    if (!interrupted || finished.verdict.status !== 'errored') return finished;
    return { ...finished, verdict: { ...finished.verdict, handed_back: true } };
  } finally {
    interruption.close();
  }
}
