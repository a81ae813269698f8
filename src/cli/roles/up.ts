import { join } from 'node:path';
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

export interface Up {
  config: Config;
  /** For the roles: the environment with the flags in it. */
  env: NodeJS.ProcessEnv;
  signal: AbortSignal;
  json: boolean;
}

/** Milliseconds that a role takes beyond GANTRY_SHUTDOWN_TIMEOUT, at most, to clean up what it gave up. */
const LAST_WORDS = 20_000;

/** Starts everything, waits for a signal, and lets everything drain. What was started is ended again when a part of it fails. */
export async function up({ config, env, signal, json }: Up): Promise<void> {
  process.title = 'gantry up';
  process.once('SIGHUP', () => process.kill(process.pid, 'SIGTERM'));
  const terminal = openTerminal();
  makeDataDir(config);
  await using started = new AsyncDisposableStack();
  const lock = takeLock(await openLocks(), join(config.data_dir, 'up.lock'), config.data_dir);
  started.defer(() => lock.release());
  const checks = await openChecks(config);
  const docker = await reachDocker(checks);
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

  // Workers need the key that the server makes.
  const first = await unlessAborted(start('server', 'server'), signal);
  const server = first?.server ?? null;
  const workers = Array.from({ length: server === null ? 0 : config.workers }, (_, index) =>
    start(`worker ${index + 1}`, 'worker'),
  );
  if (server !== null && (await unlessAborted(Promise.all(workers), signal)) !== null) {
    printStartupSummary({ ...server, config, docker, redis: redis.told, pid: process.pid }, terminal, json);
    await aborted(signal);
  }
  terminal.note('Stopping: running jobs may end, deployed apps go on. Once more ends it at once.');
}

async function reachDocker(checks: Checks): Promise<string> {
  try {
    return (await checks.docker.version()).version;
  } catch (error) {
    throw new CliError(
      'failed',
      `no Docker Engine can be used: ${messageOf(error)}`,
      'Start one (systemctl start docker; bin/setup starts one where there is no systemd), or name another with DOCKER_HOST. This user must be root or in the group docker.',
      { cause: error },
    );
  }
}

/** `told` is how people are told of it. */
async function openRedis(
  config: Config,
  checks: Checks,
  say: (text: string) => void,
): Promise<{ url: string; told: string; stop(): Promise<void> }> {
  if (config.redis_url === null) {
    const { url, facts, adopted, stop } = await manageRedis(config, checks, say);
    return { url, told: `${facts.version}, ${adopted ? 'found running' : 'started'} at ${url}`, stop };
  }
  const where = redactRedisUrl(config.redis_url);
  const facts = await checks.askRedis(config.redis_url).catch((error: unknown) => {
    throw new CliError(
      'unreachable',
      `no Redis answers at ${where}: ${messageOf(error)}`,
      'Start it, or correct GANTRY_REDIS_URL (or REDIS_URL), or unset it: then Gantry starts one of its own.',
    );
  });
  requireUsableRedis(where, facts);
  return { url: config.redis_url, told: `${facts.version} at ${where}`, stop: async () => undefined };
}

/** The server's secrets are not for those who hold the Docker socket. */
const SERVERS_OWN = ['GANTRY_TOKEN', 'GANTRY_WEBHOOK_SECRET'].flatMap((name) => [name, `${name}_FILE`]);

function roleSpec(config: Config, env: NodeJS.ProcessEnv, name: string, command: 'server' | 'worker'): RoleSpec {
  const kept = Object.entries(env).filter(([variable]) => command === 'server' || !SERVERS_OWN.includes(variable));
  return {
    name,
    argv: [...process.execArgv, join(import.meta.dirname, '../main.ts'), command],
    env: Object.fromEntries(kept),
    grace: config.shutdown_timeout + LAST_WORDS,
  };
}

/** Workers first: what they have to say at their end, the server must hear. */
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

/** Null when the signal came first. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T | null> {
  return Promise.race([work, aborted(signal)]);
}

function aborted(signal: AbortSignal): Promise<null> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(null);
    else signal.addEventListener('abort', () => resolve(null), { once: true });
  });
}
