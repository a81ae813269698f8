import type { Annotation } from '../../jobs/run/annotation.ts';
import type { PlannedJob } from '../../jobs/run/plan.ts';
import { resolveApp } from '../../workflows/app/app-environment.ts';
import { parseAppFile } from '../../workflows/app/app-file.ts';

/** The app that a run deploys, or annotations that say why it cannot be deployed. */
export interface PlannedApp {
  app: string | null;
  annotations: Annotation[];
}

export const APP_FILE = 'gantry.yml';

/** `text` is the content of gantry.yml at the commit; null when it is missing, not a regular file or too large. */
export function planApp(path: string, jobs: readonly PlannedJob[], text: string | null): PlannedApp {
  const deploying = jobs.filter(({ kind }) => kind === 'deploy');
  const [first] = deploying;
  if (first === undefined) return { app: null, annotations: [] };
  if (text === null)
    return failure(path, first, `The job \`${first.base}\` deploys, but the repository has no ${APP_FILE} at its root`);
  const { app, annotations } = parseAppFile(APP_FILE, text);
  if (app === null) return { app: null, annotations };
  for (const job of deploying)
    for (const environment of job.environments) {
      const { problem } = resolveApp(app, environment);
      if (problem !== null) return failure(path, job, problem);
    }
  return { app: app.app, annotations: [] };
}

function failure(path: string, { line, column }: PlannedJob, message: string): PlannedApp {
  return { app: null, annotations: [{ path, line, column, level: 'failure', message }] };
}
