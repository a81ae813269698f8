import { type FileHandle, mkdir, open, readdir, readFile, rename, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Event } from '../../jobs/protocol/event.ts';
import { isAbandoned, own } from './owner.ts';
import type { Spool } from './spool.ts';

const SUFFIX = '.jsonl';

/** `<dir>/<worker>/<attempt>.jsonl`, one event a line, beside `owner.json`. Orphans are moved into the finder's own folder, so that each is sent by one. */
export async function openSpool(dir: string, worker: string): Promise<Spool> {
  const mine = join(dir, worker);
  await mkdir(mine, { recursive: true, mode: 0o750 });
  const disown = await own(mine);
  const files = new Map<string, Promise<FileHandle>>();

  return {
    begin: async (attempt) => void (await fileOf(attempt)),
    append: async (event, durable) => {
      const file = await fileOf(event.attempt);
      await file.write(`${JSON.stringify(event)}\n`);
      if (!durable) return;
      await file.sync();
      await syncFolder(mine);
    },
    remove: async (attempt) => {
      const file = files.get(attempt);
      files.delete(attempt);
      await file?.then((open) => open.close());
      await rm(join(mine, attempt + SUFFIX), { force: true });
    },
    orphans: async () => {
      const found: Awaited<ReturnType<Spool['orphans']>> = [];
      for (const name of await readdir(dir)) {
        if (name !== worker && (await isAbandoned(join(dir, name))))
          found.push(...(await adopt(join(dir, name), mine)));
      }
      return found;
    },
    removeOrphan: (_worker, attempt) => rm(join(mine, attempt + SUFFIX), { force: true }),
    held: async () => {
      const held = [];
      for (const name of await readdir(dir))
        if (!(await isAbandoned(join(dir, name)))) held.push(...(await attemptsIn(join(dir, name))));
      return held;
    },
    close: async () => {
      disown();
      for (const file of files.values()) await (await file).close();
      files.clear();
      if ((await attemptsIn(mine)).length === 0) await removeFolder(mine);
    },
  };

  function fileOf(attempt: string): Promise<FileHandle> {
    const file = files.get(attempt) ?? open(join(mine, attempt + SUFFIX), 'a', 0o640);
    files.set(attempt, file);
    return file;
  }
}

/** Two finders at once take each spool once; unfinished ones go, for their attempts end as lost. */
async function adopt(folder: string, mine: string): Promise<{ worker: string; attempt: string; events: Event[] }[]> {
  const adopted = [];
  for (const attempt of await attemptsIn(folder)) {
    const path = join(folder, attempt + SUFFIX);
    const events = await readEvents(path);
    const last = events.at(-1);
    if (last?.type !== 'finished') await rm(path, { force: true });
    else if (await moved(path, join(mine, attempt + SUFFIX))) adopted.push({ worker: last.worker, attempt, events });
  }
  await removeFolder(folder);
  return adopted;
}

/** Up to the first line that was not written to its end. */
async function readEvents(path: string): Promise<Event[]> {
  const events: Event[] = [];
  for (const line of (await readFile(path, 'utf8').catch(() => '')).split('\n')) {
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

/** Only when nothing else is in it any more. */
async function removeFolder(folder: string): Promise<void> {
  await rm(join(folder, 'owner.json'), { force: true });
  await rmdir(folder).catch(() => undefined);
}

async function syncFolder(path: string): Promise<void> {
  await using folder = await open(path, 'r');
  await folder.sync();
}
