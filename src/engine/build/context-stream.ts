import { constants } from 'node:fs';
import { lstat, open, readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import dockerignore, { type Ignore } from '@balena/dockerignore';
import { type Pack, pack } from 'tar-stream';

export interface ContextStream {
  stream: Readable;
  /** Resolves when the last file is on its way; rejects when one could not be read, or when the stream was given up. */
  walked: Promise<void>;
}

/** Where the recipe is in the context; below this name when it lies outside. */
export const OUTSIDE_RECIPE = '.gantry.Dockerfile';

/**
 * A build context as tar, as it is read. Links are stored as links and never followed, sockets and devices left out; whoever could write
 * there has to be held meanwhile. `recipe` and ignore files are sent though they may be ignored, as docker does.
 */
export function streamContext(
  folder: string,
  ignored: string,
  recipe: { path: string; outside: Buffer | null },
): ContextStream {
  const tar = pack();
  // An iterable's end of the stream ends the tar's too, so that a build which gives up ends the walk.
  const stream = Readable.from(tar, { objectMode: false });
  const walked = writeAll(tar, folder, rules(ignored, recipe.path), recipe).catch((error: unknown) => {
    stream.destroy(error instanceof Error ? error : new Error(String(error)));
    throw error;
  });
  walked.catch(() => {});
  return { stream, walked };
}

interface Rules {
  ignores(path: string): boolean;
  /** Whether something below an ignored folder may yet be wanted. */
  hasExceptions: boolean;
}

function rules(text: string, recipe: string): Rules {
  const ignore: Ignore = dockerignore.default().add(text.replace(/^\uFEFF/, ''));
  const always = new Set([recipe, '.dockerignore']);
  return {
    ignores: (path) => !always.has(path) && ignore.ignores(path),
    hasExceptions: /^\s*!/m.test(text),
  };
}

async function writeAll(
  tar: Pack,
  folder: string,
  rules: Rules,
  recipe: { path: string; outside: Buffer | null },
): Promise<void> {
  await writeFolder(tar, folder, '', rules, recipe.path);
  if (recipe.outside !== null) tar.entry({ name: recipe.path }, recipe.outside);
  tar.finalize();
}

async function writeFolder(tar: Pack, root: string, folder: string, rules: Rules, recipe: string): Promise<void> {
  const names = await readdir(join(root, folder));
  for (const name of names.toSorted()) {
    const path = folder === '' ? name : `${folder}/${name}`;
    const found = await lstat(join(root, path));
    const ignored = rules.ignores(path);
    if (found.isDirectory()) {
      if (!ignored) tar.entry({ name: path, type: 'directory', mode: found.mode & 0o7777, mtime: found.mtime });
      if (!ignored || rules.hasExceptions || recipe.startsWith(`${path}/`))
        await writeFolder(tar, root, path, rules, recipe);
    } else if (ignored) continue;
    else if (found.isFile()) await writeFile(tar, root, path);
    else if (found.isSymbolicLink())
      tar.entry({ name: path, type: 'symlink', linkname: await readlink(join(root, path)), mtime: found.mtime });
  }
}

async function writeFile(tar: Pack, root: string, path: string): Promise<void> {
  const file = await open(join(root, path), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const { size, mode, mtime } = await file.stat();
    const entry = tar.entry({ name: path, size, mode: mode & 0o7777, mtime });
    await pipeline(file.createReadStream({ autoClose: false, end: Math.max(size - 1, 0) }), entry);
  } finally {
    await file.close();
  }
}

/** The rules that count: those beside the recipe under its own name, else the context's. */
export async function readIgnored(context: string, recipe: string): Promise<string> {
  return (await readPlain(`${recipe}.dockerignore`)) ?? (await readPlain(join(context, '.dockerignore'))) ?? '';
}

async function readPlain(path: string): Promise<string | null> {
  const found = await lstat(path).catch(() => null);
  return found?.isFile() ? readFile(path, 'utf8') : null;
}
