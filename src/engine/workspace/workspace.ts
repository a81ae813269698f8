import { lstat, mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../user-error.ts';

/**
 * Where a path given by the job lies on the host. It may hold links that the job planted, so it is walked component by component and a
 * link is refused; the caller holds the job's container meanwhile. Missing folders are made when `make`.
 */
export async function pathInWorkspace(workspace: string, path: string, make = false): Promise<string> {
  let at = workspace;
  for (const part of componentsOf(path)) {
    at = join(at, part);
    const found = await lstat(at).catch(() => null);
    if (found?.isSymbolicLink())
      throw new UserError(`\`${path}\` leads through the link \`${part}\`, which is not followed`);
    if (found === null && make) await mkdir(at);
  }
  return at;
}

/** The names on the way from the workspace; paths out of it are refused. */
export function componentsOf(path: string): string[] {
  const within = path.replace(/^\/github\/workspace(?=\/|$)/, '.');
  const parts = within.split('/').filter((part) => part !== '' && part !== '.');
  if (within.startsWith('/') || parts.includes('..') || within.includes('\0'))
    throw new UserError(`\`${path}\` is not inside the workspace`);
  return parts;
}

/** Removes what is in the folder, links as links; the folder itself stays, for a container may be bound to it. */
export async function emptyFolder(folder: string): Promise<void> {
  for (const name of await readdir(folder)) await rm(join(folder, name), { recursive: true, force: true });
}
