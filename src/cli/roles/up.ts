import { once } from 'node:events';
import { join } from 'node:path';
import { unlessAborted } from '../../abort.ts';
import type { Config } from '../../config.ts';
import { type Checks, openChecks, openLocks } from '../../deps.ts';
import { messageOf } from '../../error.ts';
import { manageRedis } from '../redis/managed-redis.ts';
import { redactRedisUrl, requireUsableRedis } from '../redis/redis-check.ts';
import { type RoleSpec, type Supervised, supervise } from '../supervision/supervisor.ts';
import { CliError } from '../terminal/exit.ts';
import { openTerminal } from '../terminal/terminal.ts';
import { makeDataDir } from './data-dir.ts';
import { takeLock } from './lock.ts';
import { requireFreePorts } from './ports.ts';
import { printStartupSummary } from './startup-summary.ts';

export interface UpOptions {
  config: Config;
  /** The environment of the roles, including the command-line flags. */
  env: NodeJS.ProcessEnv;
  signal: AbortSignal;
  json: boolean;
}

/** Milliseconds that a role has after GANTRY_SHUTDOWN_TIMEOUT to clean up the jobs that it stopped. */
const CLEANUP_TIME = 20_000;

/** Starts Redis, the server and the workers, waits for a signal, and drains them. If a start fails, everything started before is stopped. */
export async function up({ config, env, signal, json }: UpOptions): Promise<void> {
  process.title = 'gantry up';
  process.once('SIGHUP', () => process.kill(process.pid, 'SIGTERM'));
  const terminal = openTerminal();
  makeDataDir(config);
  await using started = new AsyncDisposableStack();
  const lock = takeLock(await openLocks(), join(config.data_dir, 'up.lock'), config.data_dir);
  started.defer(() => lock.release());
  const checks = await openChecks(config);
  const docker = await requireDocker(checks);
  await requireFreePorts(config, checks);

  const redis = await openRedis(config, checks, terminal.note);
  started.defer(() => redis.stop());
  const roles: Supervised[] = [];
  forceOnSecondSignal(roles, signal);
  started.defer(() => stopRoles(roles));
  const start = (name: string, command: 'server' | 'worker') => {
    const role = supervise(roleSpec(config, { ...env, GANTRY_REDIS_URL: redis.url }, name, command), terminal.note);
    roles.push(role);
    return role.ready;
  };

  // Workers need the key that the server writes.
  const first = await unlessAborted(start('server', 'server'), signal);
  const server = first?.server ?? null;
  const workers = Array.from({ length: server === null ? 0 : config.workers }, (_, index) =>
    start(`worker ${index + 1}`, 'worker'),
  );
  if (server !== null && (await unlessAborted(Promise.all(workers), signal)) !== null) {
    const { pid } = process;
    printStartupSummary({ ...server, config, docker, redis: redis.description, pid }, terminal, json);
    if (!signal.aborted) await once(signal, 'abort');
  }
  terminal.note(
    'Stopping: waiting for running jobs. Deployed apps keep running. Press Ctrl-C again to stop immediately.',
  );
}

async function requireDocker(checks: Pick<Checks, 'docker'>): Promise<string> {
  try {
    return (await checks.docker.version()).version;
  } catch (error) {
    throw new CliError(
      'failed',
      `cannot use a Docker Engine: ${messageOf(error)}`,
      'Start Docker (systemctl start docker; without systemd, run bin/setup), or set DOCKER_HOST. This user must be root or in the group docker.',
      { cause: error },
    );
  }
}

/** The Redis that the configuration names, else one that Gantry manages. `description` is for the startup summary. */
async function openRedis(
  config: Config,
  checks: Checks,
  note: (text: string) => void,
): Promise<{ url: string; description: string; stop(): Promise<void> }> {
  if (config.redis_url === null) {
    const { url, facts, adopted, stop } = await manageRedis(config, checks, note);
    return { url, description: `${facts.version}, ${adopted ? 'already running' : 'started'} at ${url}`, stop };
  }
  const redacted = redactRedisUrl(config.redis_url);
  const facts = await checks.askRedis(config.redis_url).catch((error: unknown) => {
    throw new CliError(
      'unreachable',
      `cannot reach Redis at ${redacted}: ${messageOf(error)}`,
      'Start it, or correct GANTRY_REDIS_URL (or REDIS_URL), or unset it: then Gantry starts its own Redis.',
    );
  });
  requireUsableRedis(redacted, facts);
  return { url: config.redis_url, description: `${facts.version} at ${redacted}`, stop: async () => undefined };
}

/** Variables that workers do not get, because a process with the Docker socket must not have the server's secrets. */
const SERVER_ONLY = ['GANTRY_TOKEN', 'GANTRY_WEBHOOK_SECRET'].flatMap((name) => [name, `${name}_FILE`]);

function roleSpec(config: Config, env: NodeJS.ProcessEnv, name: string, command: 'server' | 'worker'): RoleSpec {
  const kept = Object.entries(env).filter(([variable]) => command === 'server' || !SERVER_ONLY.includes(variable));
  return {
    name,
    argv: [...process.execArgv, join(import.meta.dirname, '../main.ts'), command],
    env: Object.fromEntries(kept),
    grace: config.shutdown_timeout + CLEANUP_TIME,
  };
}

/** Stops the workers first: the server must still receive their last events. */
async function stopRoles([server, ...workers]: Supervised[]): Promise<void> {
  await Promise.all(workers.map((worker) => worker.stop()));
  await server?.stop();
}

function forceOnSecondSignal(roles: Supervised[], first: AbortSignal): void {
  const force = () => {
    for (const role of roles) role.force();
  };
  const listen = () => {
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, force);
  };
  first.addEventListener('abort', listen, { once: true });
}
