import { setTimeout as delay } from 'node:timers/promises';
import { unlessAborted } from '../../abort.ts';
import { endsAtOnce } from '../verdict.ts';
import type { Process, Sandbox } from './sandbox.ts';

/** How long a process may take to end after SIGTERM, in milliseconds. */
const GRACE = 5_000;
/** How long starting a process, or SIGKILL, may take. */
const SETTLING = 3_000;

/**
 * Ends a process that runs or is being started: SIGTERM to its group, then SIGKILL, then removal of the sandbox. Resolves when the process
 * has ended: with true if the sandbox is still there, with false if it was removed.
 */
export async function endProcess(
  sandbox: Sandbox,
  starting: Promise<Process>,
  stop: { signal: AbortSignal; force: AbortSignal },
): Promise<boolean> {
  if (await settles(starting, SETTLING)) {
    const process = await starting.catch(() => null);
    if (process === null || (await endsBySignal(process, stop))) return true;
  }
  await sandbox.remove();
  return false;
}

async function endsBySignal(process: Process, stop: { signal: AbortSignal; force: AbortSignal }): Promise<boolean> {
  if (!endsAtOnce(stop)) {
    await process.signal('TERM');
    if ((await unlessAborted(settles(process.wait(), GRACE), stop.force)) === true) return true;
  }
  await process.signal('KILL');
  return settles(process.wait(), SETTLING);
}

/** Whether the promise is fulfilled or rejected within that many milliseconds. */
async function settles(promise: Promise<unknown>, within: number): Promise<boolean> {
  const timer = new AbortController();
  const settled = promise.then(
    () => true,
    () => true,
  );
  const hasSettled = await Promise.race([settled, delay(within, false, { signal: timer.signal })]);
  timer.abort();
  return hasSettled;
}
