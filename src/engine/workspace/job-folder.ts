import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Mount } from '../../deps.ts';
import type { JsonObject } from '../../jobs/json.ts';
import { RUNNER_FILES, RUNNER_FOLDER } from './runner-file.ts';

/** Paths of the folder's parts in the job's container. */
export const WORKSPACE = '/github/workspace';
export const TEMP = '/github/temp';
export const EVENT = '/github/workflow/event.json';
export const SCRIPT = `${RUNNER_FOLDER}/script`;

/** An attempt's folder on the host, `work/jobs/<attempt>`. The job controls its content, so the host follows no link in it. */
export interface JobFolder {
  root: string;
  workspace: string;
  temp: string;
  event: string;
  script: string;
  /** By the environment variable that gives the step the path. */
  files: Record<keyof typeof RUNNER_FILES, string>;
}

export function jobFolder(work_dir: string, attempt: string): JobFolder {
  const root = join(work_dir, 'jobs', attempt);
  const inRunner = (name: string) => join(root, 'runner', name);
  return {
    root,
    workspace: join(root, 'workspace'),
    temp: join(root, 'temp'),
    event: inRunner('event.json'),
    script: inRunner('script'),
    files: {
      GITHUB_OUTPUT: inRunner(RUNNER_FILES.GITHUB_OUTPUT),
      GITHUB_ENV: inRunner(RUNNER_FILES.GITHUB_ENV),
      GITHUB_PATH: inRunner(RUNNER_FILES.GITHUB_PATH),
      GITHUB_STATE: inRunner(RUNNER_FILES.GITHUB_STATE),
      GITHUB_STEP_SUMMARY: inRunner(RUNNER_FILES.GITHUB_STEP_SUMMARY),
    },
  };
}

export async function createFolder(folder: JobFolder, event: JsonObject): Promise<void> {
  await mkdir(folder.root, { recursive: true, mode: 0o700 });
  await mkdir(join(folder.root, 'runner'), { recursive: true });
  for (const path of [folder.workspace, folder.temp]) {
    await mkdir(path, { recursive: true });
    await chmod(path, 0o777);
  }
  await writeFile(folder.event, JSON.stringify(event));
  for (const path of [folder.script, ...Object.values(folder.files)]) {
    await writeFile(path, '');
    // A step may run as another user than root.
    await chmod(path, 0o666);
  }
}

/** Files are mounted one by one: a job cannot replace a mount point by a link. */
export function folderMounts(folder: JobFolder): Mount[] {
  return [
    bind(folder.workspace, WORKSPACE),
    bind(folder.temp, TEMP),
    bind(folder.event, EVENT, true),
    bind(folder.script, SCRIPT, true),
    ...Object.entries(RUNNER_FILES).map(([variable, name]) =>
      bind(folder.files[variable as keyof typeof RUNNER_FILES], `${RUNNER_FOLDER}/${name}`),
    ),
  ];
}

function bind(source: string, target: string, read_only = false): Mount {
  return { source, target, kind: 'bind', read_only };
}
