import type { AppConfig } from '../../jobs/deploy/app-config.ts';
import { DEFAULT_ENVIRONMENT } from '../action.ts';
import { type AppFile, EnvironmentName, type Override } from './app.ts';

export type ResolvedApp = { config: AppConfig; problem: null } | { config: null; problem: string };

/**
 * The app in one environment. Without `environments` in the file any may be named; with them only those, and
 * `production`, which is the app as it stands when it is not listed.
 */
export function resolveApp(file: AppFile, environment: string): ResolvedApp {
  const name = EnvironmentName.safeParse(environment);
  if (!name.success)
    return {
      config: null,
      problem: `The environment's name \`${environment.slice(0, 100)}\` ${name.error.issues[0]?.message}`,
    };
  const { environments } = file;
  const listed = environments !== null && Object.hasOwn(environments, environment);
  if (environments !== null && !listed && environment !== DEFAULT_ENVIRONMENT) {
    const known = [...new Set([...Object.keys(environments), DEFAULT_ENVIRONMENT])].join(', ');
    return { config: null, problem: `gantry.yml has no environment \`${environment}\`; there are ${known}` };
  }
  return { config: merge(file, environment, (listed && environments[environment]) || {}), problem: null };
}

function merge(file: AppFile, environment: string, override: Override): AppConfig {
  const own = override.processes?.web ?? {};
  const web = { ...file.processes.web, ...own };
  const health = { ...file.processes.web.health, ...own.health };
  return {
    app: file.app,
    environment,
    env: { ...file.env, ...override.env },
    secrets: [...new Set([...file.secrets, ...(override.secrets ?? [])])],
    processes: {
      web: {
        command: web.command ?? null,
        port: own.port ?? file.processes.web.port,
        hosts: web.hosts ?? [],
        health: {
          path: health.path ?? '/up',
          interval: health.interval ?? 1000,
          timeout: health.timeout ?? 30_000,
        },
        stop_grace: web.stop_grace ?? 10_000,
        cpus: web.cpus ?? null,
        memory: web.memory ?? null,
      },
    },
  };
}
