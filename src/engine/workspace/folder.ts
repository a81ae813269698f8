import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { JsonObject } from '../../jobs/json.ts';
import { RUNNER_FILES } from './runner-file.ts';

/** One attempt's folder on the host, `work/jobs/<attempt>`. What lies in it is the job's, so the host follows no link there. */
export interface Folder {
  root: string;
  workspace: string;
  temp: string;
  event: string;
  script: string;
  pid: string;
  /** On the host, by the variable that tells the step where it is. */
  files: Record<keyof typeof RUNNER_FILES, string>;
}

export async function makeFolder(folder: Folder, event: JsonObject): Promise<void> {
  await mkdir(folder.root, { recursive: true, mode: 0o700 });
  await mkdir(join(folder.root, 'runner'), { recursive: true });
  for (const path of [folder.workspace, folder.temp]) {
    await mkdir(path, { recursive: true });
    await chmod(path, 0o777);
  }
  await writeFile(folder.event, JSON.stringify(event));
  for (const path of [folder.script, folder.pid, ...Object.values(folder.files)]) {
    await writeFile(path, '');
    // A step may give up root and still has something to say.
    await chmod(path, 0o666);
  }
}

export function layOutFolder(work_dir: string, attempt: string): Folder {
  const root = join(work_dir, 'jobs', attempt);
  const inRunner = (name: string) => join(root, 'runner', name);
  return {
    root,
    workspace: join(root, 'workspace'),
    temp: join(root, 'temp'),
    event: inRunner('event.json'),
    script: inRunner('script'),
    pid: inRunner('pid'),
    files: {
      GITHUB_OUTPUT: inRunner(RUNNER_FILES.GITHUB_OUTPUT),
      GITHUB_ENV: inRunner(RUNNER_FILES.GITHUB_ENV),
      GITHUB_PATH: inRunner(RUNNER_FILES.GITHUB_PATH),
      GITHUB_STATE: inRunner(RUNNER_FILES.GITHUB_STATE),
      GITHUB_STEP_SUMMARY: inRunner(RUNNER_FILES.GITHUB_STEP_SUMMARY),
    },
  };
}
