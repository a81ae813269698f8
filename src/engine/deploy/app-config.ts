import type { AppConfig } from '../../jobs/deploy/app-config.ts';
import { resolveApp } from '../../workflows/app/app-environment.ts';
import { parseAppFile } from '../../workflows/app/app-file.ts';
import type { Attempt } from '../job/job-execution.ts';
import { UserError } from '../user-error.ts';
import { ownCommit } from '../workspace/own-commit.ts';

const APP_FILE = 'gantry.yml';
const LIMIT = 256 * 1024;

/** The app in that environment, as gantry.yml has it at the job's own commit: what the workspace holds may have been changed by a step. */
export async function appConfig(attempt: Attempt, environment: string, signal: AbortSignal): Promise<AppConfig> {
  const { source } = attempt.grant;
  if (source === null) throw new UserError('there is nothing to deploy: this job belongs to no repository');
  const { sha } = await ownCommit(attempt, source, signal);
  const text = await attempt.deps.git.read(source.id, sha, APP_FILE, LIMIT);
  if (text === null) throw new UserError(`there is no ${APP_FILE} at ${sha}; it says how the app is deployed`);
  const { app, annotations } = parseAppFile(APP_FILE, text);
  if (app === null) {
    for (const data of annotations) await attempt.reporter.emit({ type: 'annotation', data });
    const [first] = annotations;
    throw new UserError(`${APP_FILE}:${first?.line}:${first?.column}: ${first?.message}`);
  }
  const { config, problem } = resolveApp(app, environment);
  if (config === null) throw new UserError(problem);
  return config;
}
