import { faultOf, messageOf } from '../error.ts';
import { StopRequest } from '../jobs/protocol/message.ts';
import type { EndStatus } from '../jobs/status.ts';

/** How something ended and why, in a sentence; the reason is null only for plain success. */
export interface Ending {
  status: EndStatus;
  reason: string | null;
  exit_code: number | null;
}

export const SUCCESS: Ending = { status: 'succeeded', reason: null, exit_code: null };

/** What an abort means: a stop request, or (an Error) that this worker cannot go on. */
export function endingOfAbort(reason: unknown): Ending {
  const request = StopRequest.safeParse(reason);
  if (!request.success) return { status: 'errored', reason: messageOf(reason), exit_code: null };
  const status = request.data.kind === 'time_out' ? 'timed_out' : 'cancelled';
  return { status, reason: request.data.reason, exit_code: null };
}

/** Whether there is no time for grace: it was forced, or the worker itself has to go. */
export function endsAtOnce({ signal, force }: { signal: AbortSignal; force: AbortSignal }): boolean {
  if (force.aborted) return true;
  return signal.aborted && !['cancel', 'time_out'].includes(StopRequest.safeParse(signal.reason).data?.kind ?? '');
}

/** Failed is not errored: what is the user's to mend fails, what is ours or the host's errs and is tried again. */
export function endingOfError(error: unknown): Ending {
  return { status: faultOf(error) === 'user' ? 'failed' : 'errored', reason: messageOf(error), exit_code: null };
}
