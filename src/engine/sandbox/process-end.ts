import { setTimeout as delay } from 'node:timers/promises';
import { unlessAborted } from '../../abort.ts';
import type { Attempt } from '../job/job-execution.ts';
import { endsAtOnce } from '../verdict.ts';
import { readRunnerFile } from '../workspace/runner-file.ts';

/** A cancelled step has so long to end by itself. */
const GRACE = 5_000;
/** What SIGKILL and the Engine need. */
const SETTLING = 3_000;

/** Ends the process of a step: SIGTERM to its group, then SIGKILL, then the whole container. Resolves when it is gone. */
export async function endProcess(attempt: Attempt, running: Promise<unknown>): Promise<void> {
  const gone = running.then(
    () => true,
    () => true,
  );
  const isGone = async (within: number) => {
    const late = new AbortController();
    const isIt = await Promise.race([gone, delay(within, false, { signal: late.signal })]);
    late.abort();
    return isIt;
  };
  if (!endsAtOnce(attempt)) {
    await signalGroup(attempt, 'TERM');
    if ((await unlessAborted(isGone(GRACE), attempt.force)) === true) return;
  }
  await signalGroup(attempt, 'KILL');
  if (await isGone(SETTLING)) return;
  const { container } = attempt;
  attempt.container = null;
  if (container !== null) await attempt.deps.docker.remove(container);
}

/** The API cannot signal an exec; a second exec can. The job may have written another pid: it reaches no further than its own container. */
async function signalGroup(attempt: Attempt, signal: 'TERM' | 'KILL'): Promise<void> {
  const pid = await pidOf(attempt);
  if (pid === null || attempt.container === null) return;
  await attempt.deps.docker
    .read(attempt.container, ['sh', '-c', `kill -${signal} -"$1"`, 'gantry', pid])
    .catch((error: unknown) => attempt.deps.log.warn({ err: error }, 'a step could not be signalled'));
}

/** The wrapper writes it first of all, so there is little to wait for. */
async function pidOf({ folder }: Attempt): Promise<string | null> {
  for (let tries = 0; tries < 20; tries++) {
    const pid = (await readRunnerFile(folder.pid, 'the pid file')).trim();
    if (/^[1-9]\d{0,9}$/.test(pid)) return pid;
    await delay(50);
  }
  return null;
}
