import { constants } from 'node:fs';
import { lstat, open, readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import dockerignore, { type Ignore } from '@balena/dockerignore';
import { type Pack, pack } from 'tar-stream';

export interface ContextStream {
  stream: Readable;
  /** Resolves when the last file has been read; rejects when one cannot be read, or when the stream is destroyed. */
  walked: Promise<void>;
}

/** The name that a Dockerfile from outside the context gets in it. */
export const OUTSIDE_DOCKERFILE = '.gantry.Dockerfile';

/**
 * Streams a build context as tar. Links are stored as links and never followed; sockets and devices are left out. The caller pauses
 * everything that could write there. As with docker, the Dockerfile and .dockerignore are sent even if they are ignored.
 */
export function streamContext(
  folder: string,
  ignored: string,
  dockerfile: { path: string; outside: Buffer | null },
): ContextStream {
  const tar = pack();
  // Unlike a pipe, destroying this stream destroys the tar too, so an aborted build ends the walk.
  const stream = Readable.from(tar, { objectMode: false });
  const walked = writeAll(tar, folder, rules(ignored, dockerfile.path), dockerfile).catch((error: unknown) => {
    stream.destroy(error instanceof Error ? error : new Error(String(error)));
    throw error;
  });
  walked.catch(() => {});
  return { stream, walked };
}

interface Rules {
  ignores(path: string): boolean;
  /** Whether something below an ignored folder may be included. */
  hasExceptions: boolean;
}

function rules(text: string, dockerfile: string): Rules {
  const ignore: Ignore = dockerignore.default().add(text.replace(/^\uFEFF/, ''));
  const always = new Set([dockerfile, '.dockerignore']);
  return {
    ignores: (path) => !always.has(path) && ignore.ignores(path),
    hasExceptions: /^\s*!/m.test(text),
  };
}

async function writeAll(
  tar: Pack,
  folder: string,
  rules: Rules,
  dockerfile: { path: string; outside: Buffer | null },
): Promise<void> {
  await writeFolder(tar, folder, '', rules, dockerfile.path);
  if (dockerfile.outside !== null) tar.entry({ name: dockerfile.path }, dockerfile.outside);
  tar.finalize();
}

async function writeFolder(tar: Pack, root: string, folder: string, rules: Rules, dockerfile: string): Promise<void> {
  const names = await readdir(join(root, folder));
  for (const name of names.toSorted()) {
    const path = folder === '' ? name : `${folder}/${name}`;
    const found = await lstat(join(root, path));
    const ignored = rules.ignores(path);
    if (found.isDirectory()) {
      if (!ignored) tar.entry({ name: path, type: 'directory', mode: found.mode & 0o7777, mtime: found.mtime });
      if (!ignored || rules.hasExceptions || dockerfile.startsWith(`${path}/`))
        await writeFolder(tar, root, path, rules, dockerfile);
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

/** `<Dockerfile>.dockerignore` takes precedence over the context's own. */
export async function readIgnored(context: string, dockerfile: string): Promise<string> {
  return (await readPlain(`${dockerfile}.dockerignore`)) ?? (await readPlain(join(context, '.dockerignore'))) ?? '';
}

async function readPlain(path: string): Promise<string | null> {
  const found = await lstat(path).catch(() => null);
  return found?.isFile() ? readFile(path, 'utf8') : null;
}
