import { lstat, mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../user-error.ts';

/**
 * The host's path for a path that the job gave. The job may have planted links, so the path is walked component by component and a link is
 * an error; the caller pauses the job's processes meanwhile. With `create`, missing folders are created.
 */
export async function pathInWorkspace(workspace: string, path: string, create = false): Promise<string> {
  let at = workspace;
  for (const part of componentsOf(path)) {
    at = join(at, part);
    const found = await lstat(at).catch(() => null);
    if (found?.isSymbolicLink())
      throw new UserError(`\`${path}\` leads through the link \`${part}\`, which is not followed`);
    if (found === null && create) await mkdir(at);
  }
  return at;
}

/** The path's components below the workspace. Throws a `UserError` for a path outside of it. */
export function componentsOf(path: string): string[] {
  const within = path.replace(/^\/github\/workspace(?=\/|$)/, '.');
  const parts = within.split('/').filter((part) => part !== '' && part !== '.');
  if (within.startsWith('/') || parts.includes('..') || within.includes('\0'))
    throw new UserError(`\`${path}\` is not inside the workspace`);
  return parts;
}

/** Removes the content, without following links. The folder itself stays: a container may have it mounted. */
export async function emptyFolder(folder: string): Promise<void> {
  for (const name of await readdir(folder)) await rm(join(folder, name), { recursive: true, force: true });
}
