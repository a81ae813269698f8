import type { WorkerDeps } from '../../deps.ts';
import type { Finished } from '../../jobs/protocol/event.ts';
import { AttemptReporter } from './attempt-reporter.ts';
import { claim } from './claim.ts';
import type { Mailbox } from './mailbox.ts';
import { perform } from './perform.ts';
import { watchStopRequests } from './stop-requests.ts';

/** How a worker comes to its end, in this order. */
export interface Ends {
  /** Takes nothing new. */
  stopping: AbortSignal;
  /** Gives up what it holds; the reason is what the verdicts say. */
  leaving: AbortSignal;
  /** Waits for no acknowledgement any more: what was said lies on disk. */
  gone: AbortSignal;
}

/** One attempt, from the offer to control's receipt of its last word; its slot is free after that. Never rejects. */
export async function holdAttempt(deps: WorkerDeps, mailbox: Mailbox, attempt: string, ends: Ends): Promise<void> {
  try {
    const granted = await claim(deps, mailbox, attempt, ends.stopping);
    if (granted === null) return;
    const reporter = new AttemptReporter(deps, mailbox, attempt, deps.logWriter(attempt));
    const finished = await run(deps, mailbox, granted.grant, reporter, ends);
    const log_size = await reporter.log.close();
    await reporter.finish({ ...finished, log_size }, ends.gone);
  } catch (error) {
    deps.log.error({ err: error, attempt }, 'an attempt was lost');
  }
}

async function run(
  deps: WorkerDeps,
  mailbox: Mailbox,
  grant: unknown,
  reporter: AttemptReporter,
  { stopping, leaving }: Ends,
): Promise<Finished> {
  const interruption = { stop: new AbortController(), force: new AbortController() };
  // What was granted while this worker was already stopping is not begun.
  const reasons = stopping.aborted ? [stopping] : [leaving, reporter.superseded];
  const reason = AbortSignal.any(reasons);
  const abort = () => interruption.stop.abort(reason.reason);
  if (reason.aborted) abort();
  reason.addEventListener('abort', abort, { once: true });
  const unwatch = watchStopRequests(mailbox, reporter.attempt, interruption);
  try {
    const finished = await perform(deps, grant, reporter, interruption);
    const left = reason.aborted && !reporter.superseded.aborted && finished.verdict.status === 'errored';
    return left ? { ...finished, verdict: { ...finished.verdict, handed_back: true } } : finished;
  } finally {
    reason.removeEventListener('abort', abort);
    unwatch();
  }
}
