import { type FileHandle, mkdir, open, readdir, readFile, rename, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { CodedError, hasCode } from '../../error.ts';
import { Event } from '../../jobs/protocol/event.ts';
import type { Log } from '../../log.ts';
import type { Spool } from './spool.ts';

/** Locks between the processes of this host, by file. `take` returns null when the lock is held. */
export interface SpoolLocks {
  take(file: string): { release(): void } | null;
  isHeld(file: string): boolean;
}

const SUFFIX = '.jsonl';
const LOCK = '.lock';

/**
 * `<dir>/<worker>/<attempt>.jsonl`, one event per line. A worker holds `<dir>/<worker>.lock` while it lives. A worker that
 * finds an orphan moves it into its own folder, so that only one worker delivers it. What cannot be read or moved is logged and left for the
 * next call. Throws `SpoolError`.
 */
export async function openSpool(
  dir: string,
  worker: string,
  locks: SpoolLocks,
  log: Pick<Log, 'warn'>,
): Promise<Spool> {
  const own = join(dir, worker);
  await mkdir(dir, { recursive: true, mode: 0o750 });
  // The lock comes before the folder, because a folder whose lock is free belongs to a dead worker.
  const lock = locks.take(own + LOCK);
  if (lock === null) throw new SpoolError('in_use', `The spool ${own} is in use by another process`);
  await mkdir(own, { recursive: true, mode: 0o750 });
  const files = new Map<string, Promise<FileHandle>>();

  return {
    begin: async (attempt) => void (await fileOf(attempt)),
    append: async (event, durable) => {
      const file = await fileOf(event.attempt);
      await file.write(`${JSON.stringify(event)}\n`);
      if (!durable) return;
      await file.sync();
      await syncFolder(own);
    },
    remove: async (attempt) => {
      const file = files.get(attempt);
      files.delete(attempt);
      await file?.then((open) => open.close());
      await rm(join(own, attempt + SUFFIX), { force: true });
    },
    orphans: async () => {
      const found: Awaited<ReturnType<Spool['orphans']>> = [];
      for (const folder of await folders()) if (!isHeld(folder)) found.push(...(await adopt(folder, own, log)));
      return found;
    },
    held: async () => {
      const held = await Promise.all((await folders()).filter(isHeld).map(attemptsIn));
      return held.flat();
    },
    close: async () => {
      for (const file of files.values()) await (await file).close();
      files.clear();
      if ((await attemptsIn(own)).length === 0) await removeFolder(own);
      lock.release();
    },
  };

  async function folders(): Promise<string[]> {
    const names = await readdir(dir);
    return names.filter((name) => !name.endsWith(LOCK)).map((name) => join(dir, name));
  }

  /** True when the lock cannot be read, because its worker may live. */
  function isHeld(folder: string): boolean {
    try {
      return locks.isHeld(folder + LOCK);
    } catch (error) {
      log.warn({ err: error, folder }, 'cannot read the lock of a spool; its worker counts as living');
      return true;
    }
  }

  function fileOf(attempt: string): Promise<FileHandle> {
    const known = files.get(attempt);
    if (known) return known;
    const file = open(join(own, attempt + SUFFIX), 'a', 0o640);
    files.set(attempt, file);
    file.catch(() => files.delete(attempt));
    return file;
  }
}

/** When two workers find a spool at the same time, one of them gets it. Deletes unfinished spools: control ends their attempts as lost. */
async function adopt(
  folder: string,
  own: string,
  log: Pick<Log, 'warn'>,
): Promise<{ worker: string; attempt: string; events: Event[] }[]> {
  const adopted: { worker: string; attempt: string; events: Event[] }[] = [];
  // What was adopted before an error is returned all the same, because no later call finds it.
  for (const attempt of await attemptsIn(folder))
    await adoptOne(attempt).catch((error: unknown) => {
      log.warn({ err: error, folder, attempt }, 'cannot adopt the spool of an attempt');
    });
  await removeFolder(folder).catch((error: unknown) => {
    log.warn({ err: error, folder }, 'cannot remove the spool folder of a dead worker');
  });
  return adopted;

  async function adoptOne(attempt: string): Promise<void> {
    const path = join(folder, attempt + SUFFIX);
    const events = await readEvents(path);
    const last = events.at(-1);
    if (last?.type !== 'finished') await rm(path, { force: true });
    else if (await moved(path, join(own, attempt + SUFFIX))) adopted.push({ worker: last.worker, attempt, events });
  }
}

/** The events before the first incomplete line. None if another worker has moved the file meanwhile. */
async function readEvents(path: string): Promise<Event[]> {
  const events: Event[] = [];
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return '';
    throw error;
  });
  for (const line of text.split('\n')) {
    try {
      events.push(Event.parse(JSON.parse(line)));
    } catch {
      break;
    }
  }
  return events;
}

async function attemptsIn(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  return names.filter((name) => name.endsWith(SUFFIX)).map((name) => name.slice(0, -SUFFIX.length));
}

async function moved(from: string, to: string): Promise<boolean> {
  return rename(from, to).then(
    () => true,
    () => false,
  );
}

/** Keeps the folder if it is not empty. */
async function removeFolder(folder: string): Promise<void> {
  await rm(folder + LOCK, { force: true });
  await rmdir(folder).catch(() => undefined);
}

async function syncFolder(path: string): Promise<void> {
  await using folder = await open(path, 'r');
  await folder.sync();
}

export class SpoolError extends CodedError<'in_use'> {}
