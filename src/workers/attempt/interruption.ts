import type { Mailbox } from './mailbox.ts';

/** The signals that end an attempt early: `stop` allows a grace period; `force`, which may follow it, does not. */
export interface Interruption {
  stop: AbortSignal;
  force: AbortSignal;
}

/** Until `close` is called, aborts `stop` on a stop request or when `signal` aborts. The first of them is the reason of `stop`. */
export function openInterruption(
  mailbox: Mailbox,
  attempt: string,
  signal: AbortSignal,
): Interruption & { close(): void } {
  const [stop, force] = [new AbortController(), new AbortController()];
  const abort = () => stop.abort(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
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
      signal.removeEventListener('abort', abort);
    },
  };
}
