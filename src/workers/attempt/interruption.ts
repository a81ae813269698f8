import type { Mailbox } from './mailbox.ts';

/** The signals that end an attempt early: `stop` with a grace period, `force` without, at any time after. */
export interface Interruption {
  stop: AbortSignal;
  force: AbortSignal;
}

/** Aborts `stop` on a stop request, or when `reason` aborts. The first one is the signal's reason. Runs until `close` is called. */
export function openInterruption(
  mailbox: Mailbox,
  attempt: string,
  reason: AbortSignal,
): Interruption & { close(): void } {
  const [stop, force] = [new AbortController(), new AbortController()];
  const abort = () => stop.abort(reason.reason);
  reason.addEventListener('abort', abort, { once: true });
  if (reason.aborted) abort();
  const unsubscribe = mailbox.subscribe(attempt, (message) => {
    if (message.kind !== 'stop') return;
    stop.abort(message.request);
    if (message.request.kind === 'force') force.abort(message.request);
  });
  return {
    stop: stop.signal,
    force: force.signal,
    close: () => {
      unsubscribe();
      reason.removeEventListener('abort', abort);
    },
  };
}
