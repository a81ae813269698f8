import type { WorkerDeps } from '../../deps.ts';
import { StopRequest } from '../../jobs/protocol/message.ts';
import type { Mailbox } from './mailbox.ts';

const LOOK_EVERY = 1000;

/** Two ways to end an attempt: `stop` with the grace that its reason allows, `force` without, at any time after. */
export interface Interruption {
  stop: AbortController;
  force: AbortController;
}

/** Checks each second, and when notified, for a stop request for the attempt, until `done` aborts. The first request is the reason. */
export async function watchStopRequests(
  bus: WorkerDeps['bus'],
  mailbox: Mailbox,
  attempt: string,
  { stop, force }: Interruption,
  done: AbortSignal,
): Promise<void> {
  while (!done.aborted) {
    const request = parse(await bus.stopRequest(attempt).catch(() => null));
    if (request !== null) stop.abort(request);
    if (request?.kind === 'force') force.abort(request);
    await mailbox.next(attempt, ({ kind }) => kind === 'stop', LOOK_EVERY, done);
  }
}

function parse(text: string | null): StopRequest | null {
  if (text === null) return null;
  try {
    return StopRequest.parse(JSON.parse(text));
  } catch {
    return null;
  }
}
