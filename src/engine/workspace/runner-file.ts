import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { UserError } from '../user-error.ts';

/**
 * The files through which a step sets outputs, variables and the like, by the environment variable that gives the step the path. They are
 * created before the container and mounted one by one: `ln`, `mv` and `rm` over a mount point fail with EBUSY, so the host opens what it
 * created itself.
 */
export const RUNNER_FILES = {
  GITHUB_OUTPUT: 'output',
  GITHUB_ENV: 'env',
  GITHUB_PATH: 'path',
  GITHUB_STATE: 'state',
  GITHUB_STEP_SUMMARY: 'summary',
} as const;

/** Their folder in the container. */
export const RUNNER_FOLDER = '/github/runner';

const LIMIT = 1024 * 1024;

/** Throws a `UserError` when the file is larger than 1 MiB; `name` is for its message. */
export async function readRunnerFile(path: string, name: string): Promise<string> {
  const { text, size } = await readRunnerFileStart(path, LIMIT);
  if (size > LIMIT) throw new UserError(`${name} is ${size} bytes long; at most 1 MiB is read`);
  return text;
}

/** The first `limit` bytes, and the size of the whole file. */
export async function readRunnerFileStart(path: string, limit: number): Promise<{ text: string; size: number }> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const { size } = await file.stat();
    const content = Buffer.alloc(Math.min(size, limit));
    const { bytesRead } = await file.read(content, 0, content.length, 0);
    return { text: content.toString('utf8', 0, bytesRead), size };
  } finally {
    await file.close();
  }
}

/** Replaces the content in place: the container has this very file mounted. */
export async function writeRunnerFile(path: string, content: string): Promise<void> {
  const file = await open(path, constants.O_WRONLY | constants.O_TRUNC | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    await file.writeFile(content);
  } finally {
    await file.close();
  }
}
