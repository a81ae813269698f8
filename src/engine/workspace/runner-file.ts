import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { UserError } from '../user-error.ts';

/**
 * The files by which a step speaks to us, named by the variables that hold their paths. They are made before the container and bound one by
 * one: over a mount point `ln`, `mv` and `rm` fail with EBUSY, so what the host opens is what the host made.
 */
export const RUNNER_FILES = {
  GITHUB_OUTPUT: 'output',
  GITHUB_ENV: 'env',
  GITHUB_PATH: 'path',
  GITHUB_STATE: 'state',
  GITHUB_STEP_SUMMARY: 'summary',
} as const;

export const IN_CONTAINER = '/github/runner';

const LIMIT = 1024 * 1024;

/** What a step wrote; refused when it is no plain file or over 1 MiB. `name` is for the sentence. */
export async function readRunnerFile(path: string, name: string): Promise<string> {
  const { text, size } = await readRunnerFileStart(path, LIMIT);
  if (size > LIMIT) throw new UserError(`${name} holds ${size} bytes; at most 1 MiB is read`);
  return text;
}

/** Its first bytes, and how many there are in all. */
export async function readRunnerFileStart(path: string, most: number): Promise<{ text: string; size: number }> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const { size } = await file.stat();
    const content = Buffer.alloc(Math.min(size, most));
    const { bytesRead } = await file.read(content, 0, content.length, 0);
    return { text: content.toString('utf8', 0, bytesRead), size };
  } finally {
    await file.close();
  }
}

/** Replaces the content in place: the container is bound to this very file. */
export async function writeRunnerFile(path: string, content: string): Promise<void> {
  const file = await open(path, constants.O_WRONLY | constants.O_TRUNC | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    await file.writeFile(content);
  } finally {
    await file.close();
  }
}
