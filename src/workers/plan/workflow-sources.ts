import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { WorkerDeps } from '../../deps.ts';
import { shippedFor } from '../../workflows/plan/shipped.ts';

const FOLDER = '.github/workflows';
const MAX_FILES = 200;
const MAX_BYTES = 1024 * 1024;

/** `text` is null when the file is too large or not a regular file. */
export interface WorkflowSource {
  path: string;
  text: string | null;
}

/** The repository's own workflows at a commit. Without any, the workflow that Gantry ships for the repository's stack. */
export async function workflowSources(
  { git, config }: Pick<WorkerDeps, 'git' | 'config'>,
  repo: string,
  sha: string,
): Promise<WorkflowSource[]> {
  const own = (await git.files(repo, sha, FOLDER)).filter((path) => /^\.github\/workflows\/[^/]+\.ya?ml$/.test(path));
  if (own.length > 0)
    return Promise.all(
      own
        .toSorted()
        .slice(0, MAX_FILES)
        .map(async (path) => ({ path, text: await git.read(repo, sha, path, MAX_BYTES) })),
    );
  const shipped = shippedFor(await git.files(repo, sha, ''));
  return Promise.all(
    shipped.map(async (name) => ({
      path: `pipelines/${name}.yml`,
      text: await readFile(join(config.pipelines_dir, `${name}.yml`), 'utf8'),
    })),
  );
}
