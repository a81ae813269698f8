import type { Mailbox } from './mailbox.ts';

/** Two ways to end an attempt: `stop` with the grace that its reason allows, `force` without, at any time after. */
export interface Interruption {
  stop: AbortController;
  force: AbortController;
}

/** Aborts on stop requests for the attempt, until the returned function is called. The first request is the reason. */
export function watchStopRequests(mailbox: Mailbox, attempt: string, { stop, force }: Interruption): () => void {
  return mailbox.open(attempt, (message) => {
    if (message.kind !== 'stop') return;
    stop.abort(message.request);
    if (message.request.kind === 'force') force.abort(message.request);
  });
}
