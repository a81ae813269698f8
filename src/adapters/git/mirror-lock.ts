import { randomBytes } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { link, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { hasCode } from '../../error.ts';

/** Milliseconds: how often one who waits looks, how often the holder signs, and how long a holder may be silent that cannot be seen. */
const LOOK_EVERY = 100;
const SIGN_EVERY = 2000;
const SILENCE = 15_000;

/** Runs `work` while no other process on this host does so under the same path. What a dead process held is free at once. Rejects with `signal.reason`. */
export async function whileLocked<T>(path: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  const name = `${identity(process.pid)} ${randomBytes(6).toString('hex')}`;
  while (!(await take(path, name))) {
    await breakStale(path);
    await wait(LOOK_EVERY, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
  const sign = setInterval(() => void utimes(path, new Date(), new Date()).catch(() => undefined), SIGN_EVERY);
  try {
    return await work();
  } finally {
    clearInterval(sign);
    if ((await holder(path)) === name) await rm(path, { force: true });
  }
}

/** The file appears with its content, so that nobody ever reads a lock without a name. */
async function take(path: string, name: string): Promise<boolean> {
  const own = `${path}.${randomBytes(6).toString('hex')}`;
  await writeFile(own, name);
  try {
    await link(own, path);
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    throw error;
  } finally {
    await rm(own);
  }
}

async function breakStale(path: string): Promise<void> {
  const name = await holder(path);
  if (name === null || (await isHeld(path, name))) return;
  const aside = `${path}.${randomBytes(6).toString('hex')}`;
  if (!(await rename(path, aside).then(yes, no))) return;
  // Another waiter was quicker, and what was moved is its new lock: it goes back.
  if ((await holder(aside)) !== name) await link(aside, path).then(yes, no);
  await rm(aside, { force: true });
}

async function isHeld(path: string, name: string): Promise<boolean> {
  const [namespace, pid, started] = name.split(' ');
  const [here] = identity(process.pid).split(' ');
  if (namespace === here) return identity(Number(pid)) === `${namespace} ${pid} ${started}`;
  // A process of another container: only its signs tell.
  const found = await stat(path).catch(() => null);
  return found !== null && Date.now() - found.mtimeMs < SILENCE;
}

async function holder(path: string): Promise<string | null> {
  return readFile(path, 'utf8').catch(() => null);
}

/** Namespace, id and start time: ids are given out again, these three are not. The start time of a process that is gone is `-`. */
function identity(pid: number): string {
  const namespace = readlinkSync('/proc/self/ns/pid');
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return `${namespace} ${pid} ${fields[0] === 'Z' ? '-' : fields[19]}`;
  } catch {
    return `${namespace} ${pid} -`;
  }
}

const yes = () => true;
const no = () => false;
