import { AppConfig } from '../../jobs/deploy/app-config.ts';
import { DEFAULT_ENVIRONMENT } from '../action.ts';
import { type AppFile, EnvironmentName, type Override } from './app.ts';

export type ResolvedApp = { config: AppConfig; problem: null } | { config: null; problem: string };

/**
 * The app's configuration in one environment. If the file lists environments, only those and `production` exist;
 * otherwise any name is valid. An environment that is not listed has no overrides.
 */
export function resolveApp(file: AppFile, environment: string): ResolvedApp {
  const name = EnvironmentName.safeParse(environment);
  if (!name.success) {
    const problem = name.error.issues[0]?.message ?? 'is invalid';
    return { config: null, problem: `The environment name \`${environment.slice(0, 100)}\` ${problem}` };
  }
  const { environments } = file;
  const listed = environments !== null && Object.hasOwn(environments, environment);
  if (environments !== null && !listed && environment !== DEFAULT_ENVIRONMENT) {
    const known = [...new Set([...Object.keys(environments), DEFAULT_ENVIRONMENT])].join(', ');
    return {
      config: null,
      problem: `gantry.yml has no environment \`${environment}\`; its environments are ${known}`,
    };
  }
  return { config: merge(file, environment, (listed && environments[environment]) || {}), problem: null };
}

function merge(file: AppFile, environment: string, override: Override): AppConfig {
  const { web } = file.processes;
  const overridden = override.processes?.web ?? {};
  return AppConfig.parse({
    app: file.app,
    environment,
    env: { ...file.env, ...override.env },
    secrets: [...new Set([...file.secrets, ...(override.secrets ?? [])])],
    processes: { web: { ...web, ...overridden, health: { ...web.health, ...overridden.health } } },
  });
}
