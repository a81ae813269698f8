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

/** Loading a large append-only file takes this long at most (milliseconds). */
const START = 60_000;
const WATCH = 1000;

export interface ManagedRedis {
  /** The path of its socket: a Redis address as good as any. */
  url: string;
  facts: RedisFacts;
  adopted: boolean;
  stop(): Promise<void>;
}

/**
 * The Redis of this data directory: the one that survived us, else a new child, in a process group of its own so that neither
 * Ctrl-C nor our end reaches it. Started again with backoff when it dies; `stop` ends it.
 */
export async function manageRedis(config: Config, checks: Checks, say: (text: string) => void): Promise<ManagedRedis> {
  const socket = redisSocket(config);
  makeSocketFolder(socket);
  const survivor = await checks.askRedis(socket).catch(() => null);
  const facts = survivor ?? (await start(config, checks, socket));
  requireUsableRedis(socket, facts);
  const watching = new AbortController();
  const watched = watch(config, checks, socket, facts.pid, say, watching.signal);
  return {
    url: socket,
    facts,
    adopted: survivor !== null,
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
  const child = spawn(findServer(), serverArguments(config.redis_dir, socket, log_file), {
    detached: true,
    stdio: 'ignore',
  });
  const exit = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(`it ended with ${signal ?? code}`));
  });
  child.unref();
  const deadline = Date.now() + START;
  while (Date.now() < deadline) {
    const facts = await checks.askRedis(socket).catch(() => null);
    if (facts !== null) return facts;
    const ended = await Promise.race([exit, delay(20, null)]);
    if (ended !== null) throw failed(ended, log_file);
  }
  throw failed(`it did not answer within ${START / 1000} s`, log_file);
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

function findServer(): string {
  for (const name of ['valkey-server', 'redis-server']) {
    const asked = spawnSync(name, ['--version'], { stdio: 'ignore' });
    if (asked.error === undefined && asked.status === 0) return name;
  }
  throw new CliError(
    'failed',
    'there is no Redis: GANTRY_REDIS_URL is not set, and neither valkey-server nor redis-server is on PATH',
    NO_REDIS,
  );
}

const NO_REDIS = `Install one, and Gantry starts and keeps it:
  Debian, Ubuntu:  apt-get install redis-server && systemctl disable --now redis-server
  Fedora:          dnf install valkey
  macOS:           brew install valkey
or name one that runs:
  GANTRY_REDIS_URL=redis://127.0.0.1:6379 gantry up`;

/** Resolves with the last known pid once `signal` aborts. */
async function watch(
  config: Config,
  checks: Checks,
  socket: string,
  first_pid: number,
  say: (text: string) => void,
  signal: AbortSignal,
): Promise<number> {
  let pid = first_pid;
  const restarts = restartBackoff();
  while (!signal.aborted) {
    await delay(WATCH, undefined, { signal }).catch(() => undefined);
    if (signal.aborted || isAlive(pid)) continue;
    say('Redis is gone; starting it again. Nothing is lost by that.');
    await delay(restarts.next(), undefined, { signal }).catch(() => undefined);
    if (signal.aborted) break;
    try {
      pid = (await start(config, checks, socket)).pid;
    } catch (error) {
      say(`Redis does not start: ${messageOf(error)}`);
    }
  }
  return pid;
}

function failed(why: string, log_file: string): CliError {
  return new CliError('failed', `Redis did not start: ${why}${lastLines(log_file)}`, `Its log is ${log_file}.`);
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
