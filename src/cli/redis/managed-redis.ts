import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Config } from '../../config.ts';
import type { Checks, RedisFacts } from '../../deps.ts';
import { messageOf } from '../../error.ts';
import { isAlive, restartBackoff } from '../supervision/restarts.ts';
import { CliError } from '../terminal/exit.ts';
import { requireUsableRedis } from './redis-check.ts';
import { makeSocketFolder, redisSocket } from './redis-socket.ts';

/** In the order of preference. */
export const REDIS_PROGRAMS = ['valkey-server', 'redis-server'] as const;

/** In milliseconds. Redis answers only after it has loaded its append-only file, which may be large. */
const START_TIMEOUT = 60_000;
const WATCH_INTERVAL = 1000;

export interface ManagedRedis {
  /** The path of its unix socket, a valid Redis address. */
  url: string;
  facts: RedisFacts;
  /** Whether it was already running. */
  adopted: boolean;
  stop(): Promise<void>;
}

/**
 * Runs the Redis of this data directory: adopts one that is already running, or starts a child in its own process group, so that it
 * survives Ctrl-C and the end of this process. Restarts it with backoff when it dies; `stop` ends it.
 */
export async function manageRedis(config: Config, checks: Checks, note: (text: string) => void): Promise<ManagedRedis> {
  const socket = redisSocket(config);
  makeSocketFolder(socket);
  const running = await checks.askRedis(socket).catch(() => null);
  const facts = running ?? (await start(config, checks, socket));
  requireUsableRedis(socket, facts);
  const watching = new AbortController();
  const watched = watch(config, checks, socket, facts.pid, note, watching.signal);
  return {
    url: socket,
    facts,
    adopted: running !== null,
    async stop() {
      watching.abort();
      const pid = await watched;
      await checks.shutDownRedis(socket);
      for (let waited = 0; waited < 10_000 && isAlive(pid); waited += 50) await delay(50);
    },
  };
}

async function start(config: Config, checks: Checks, socket: string): Promise<RedisFacts> {
  const log_file = join(config.redis_dir, 'redis.log');
  const child = spawn(findProgram(), serverArguments(config.redis_dir, socket, log_file), {
    detached: true,
    stdio: 'ignore',
  });
  const exit = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(`it exited with ${signal ?? code}`));
  });
  child.unref();
  const deadline = Date.now() + START_TIMEOUT;
  while (Date.now() < deadline) {
    const facts = await checks.askRedis(socket).catch(() => null);
    if (facts !== null) return facts;
    const ended = await Promise.race([exit, delay(20, null)]);
    if (ended !== null) throw startFailed(ended, log_file);
  }
  throw startFailed(`no answer within ${START_TIMEOUT / 1000} s`, log_file);
}

function serverArguments(folder: string, socket: string, log_file: string): string[] {
  const settings: [string, string][] = [
    ['port', '0'],
    ['unixsocket', socket],
    ['unixsocketperm', '700'],
    ['dir', folder],
    ['appendonly', 'yes'],
    ['appendfsync', 'everysec'],
    ['maxmemory-policy', 'noeviction'],
    ['save', ''],
    ['pidfile', join(folder, 'redis.pid')],
    ['logfile', log_file],
    ['daemonize', 'no'],
  ];
  return settings.flatMap(([name, value]) => [`--${name}`, value]);
}

function findProgram(): string {
  for (const name of REDIS_PROGRAMS) if (spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0) return name;
  throw new CliError(
    'failed',
    'no Redis found: GANTRY_REDIS_URL is not set, and neither valkey-server nor redis-server is on PATH',
    NO_REDIS,
  );
}

const NO_REDIS = `Install one; Gantry then starts and supervises it:
  Debian, Ubuntu:  apt-get install redis-server && systemctl disable --now redis-server
  Fedora:          dnf install valkey
  macOS:           brew install valkey
Or use one that is already running:
  GANTRY_REDIS_URL=redis://127.0.0.1:6379 gantry up`;

/** Restarts Redis whenever it ends. Resolves with the last known pid when `signal` aborts. */
async function watch(
  config: Config,
  checks: Checks,
  socket: string,
  first_pid: number,
  note: (text: string) => void,
  signal: AbortSignal,
): Promise<number> {
  let pid = first_pid;
  const restarts = restartBackoff();
  while (!signal.aborted) {
    await delay(WATCH_INTERVAL, undefined, { signal }).catch(() => undefined);
    if (signal.aborted || isAlive(pid)) continue;
    note('Redis ended; restarting it. No work is lost.');
    await delay(restarts.next(), undefined, { signal }).catch(() => undefined);
    if (signal.aborted) break;
    try {
      pid = (await start(config, checks, socket)).pid;
    } catch (error) {
      note(`Redis restart failed: ${messageOf(error)}`);
    }
  }
  return pid;
}

function startFailed(why: string, log_file: string): CliError {
  return new CliError('failed', `Redis did not start: ${why}${lastLines(log_file)}`, `See its log: ${log_file}`);
}

function lastLines(path: string): string {
  try {
    return `\n${readFileSync(path, 'utf8')
      .trimEnd()
      .split('\n')
      .slice(-5)
      .map((line) => `  ${line}`)
      .join('\n')}`;
  } catch {
    return '';
  }
}
