import { readFileSync, readlinkSync } from 'node:fs';
import { readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

/** How often an owner says that it lives, and after how long a silent one that cannot be seen counts as gone; milliseconds. */
const SIGN_EVERY = 5000;
const SILENCE = 30_000;

/** Who writes into a folder of spools. Process ids are used again: with boot, namespace and start time they are not. */
const Owner = z.object({ boot: z.string(), namespace: z.string(), pid: z.int(), started: z.string() });
type Owner = z.infer<typeof Owner>;

/** Puts this process' name to the folder; the returned function ends that. */
export async function own(folder: string): Promise<() => void> {
  const path = join(folder, 'owner.json');
  await writeFile(path, JSON.stringify(ownerOf(process.pid)), { mode: 0o640 });
  const sign = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => undefined);
  }, SIGN_EVERY);
  sign.unref();
  return () => clearInterval(sign);
}

/** Whether nobody will write into this folder any more. */
export async function isAbandoned(folder: string): Promise<boolean> {
  const path = join(folder, 'owner.json');
  try {
    const owner = Owner.safeParse(JSON.parse(await readFile(path, 'utf8')));
    const here = ownerOf(process.pid);
    if (owner.success && here !== null) {
      if (owner.data.boot !== here.boot) return true;
      if (owner.data.namespace === here.namespace) return ownerOf(owner.data.pid)?.started !== owner.data.started;
    }
    // In another container's process namespace, or torn: only its signs tell.
    return await isSilent(path);
  } catch {
    return await isSilent(folder);
  }
}

async function isSilent(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => null);
  return found !== null && Date.now() - found.mtimeMs > SILENCE;
}

/** Null when there is no such process. */
function ownerOf(pid: number): Owner | null {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    const [state, started] = [fields[0], fields[19]];
    if (state === 'Z' || state === 'X' || started === undefined) return null;
    return {
      boot: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
      namespace: readlinkSync('/proc/self/ns/pid'),
      pid,
      started,
    };
  } catch {
    return null;
  }
}
