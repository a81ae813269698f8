import { faultOf, messageOf } from '../error.ts';
import { StopRequest } from '../jobs/protocol/message.ts';
import type { Verdict } from '../jobs/protocol/verdict.ts';

export const SUCCESS: Verdict = { status: 'succeeded', reason: null, exit_code: null };

/** `reason` is what aborted the signal: a stop request, or an Error when this worker cannot continue. */
export function verdictOfAbort(reason: unknown): Verdict {
  const request = StopRequest.safeParse(reason);
  if (!request.success) return { status: 'errored', reason: messageOf(reason), exit_code: null };
  const status = request.data.kind === 'time_out' ? 'timed_out' : 'cancelled';
  return { status, reason: request.data.reason, exit_code: null };
}

/** A fault of the user fails the job. Any other error is Gantry's or the host's: the attempt is errored, and control retries it. */
export function verdictOfError(error: unknown): Verdict {
  return { status: faultOf(error) === 'user' ? 'failed' : 'errored', reason: messageOf(error), exit_code: null };
}

/** Whether running processes are ended without a grace period: the stop was forced, or the worker has to stop. */
export function endsAtOnce({ signal, force }: { signal: AbortSignal; force: AbortSignal }): boolean {
  if (force.aborted) return true;
  return signal.aborted && !['cancel', 'time_out'].includes(StopRequest.safeParse(signal.reason).data?.kind ?? '');
}
