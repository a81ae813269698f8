import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Blobs } from './adapters/blobs/blobs.ts';
import type { Docker } from './adapters/docker/docker.ts';
import type { Git } from './adapters/git/git.ts';
import type { GitHub } from './adapters/github/github.ts';
import type { WebhookReading } from './adapters/github/webhook.ts';
import type { Locks } from './adapters/lock/locks.ts';
import type { LogStore, LogWriter } from './adapters/logs/logs.ts';
import type { Proxy } from './adapters/proxy/proxy.ts';
import type { ControlBus, ReaderWakeups, WorkerBus } from './adapters/redis/bus/bus.ts';
import type { Offers, Taker } from './adapters/redis/queue/queue.ts';
import type { RedisFacts } from './adapters/redis/redis-check.ts';
import type { Spool } from './adapters/spool/spool.ts';
import type { Store } from './adapters/store/store.ts';
import type { Envelope, Vault } from './adapters/vault/vault.ts';
import type { Config } from './config.ts';
import { type IdPrefix, newId, openIds } from './jobs/id.ts';
import type { Outbox } from './jobs/protocol/effect.ts';
import type { Fleet } from './jobs/protocol/message.ts';
import { type Log, openLog } from './log.ts';
import { type Metrics, openMetrics } from './metrics.ts';

export type * from './adapters/blobs/blobs.ts';
export type * from './adapters/docker/docker.ts';
export type * from './adapters/git/git.ts';
export type * from './adapters/github/github.ts';
export type * from './adapters/github/webhook.ts';
export type * from './adapters/lock/locks.ts';
export type * from './adapters/logs/logs.ts';
export type * from './adapters/proxy/proxy.ts';
export type * from './adapters/redis/bus/bus.ts';
export type * from './adapters/redis/queue/queue.ts';
export type * from './adapters/redis/redis-check.ts';
export type * from './adapters/spool/spool.ts';
export type * from './adapters/store/schema.ts';
export type * from './adapters/store/store.ts';
export type * from './adapters/vault/vault.ts';

/** The dependencies of `engine` and `workers`. */
export interface WorkerDeps {
  config: Config;
  log: Log;
  /** The id of this worker, `wrk_...`. */
  worker: string;
  locks: Locks;
  docker: Docker;
  /** The proxy in the given container. */
  proxy(container: string): Proxy;
  git: Git;
  github(token: string): GitHub;
  bus: WorkerBus;
  taker: Taker;
  logs: LogStore;
  /** Opens the log of an attempt that this worker holds. Readers are woken as it grows. */
  logWriter(attempt: string): LogWriter;
  spool: Spool;
  blobs: Blobs;
  envelope: Envelope;
  now(): number;
}

/** The dependencies of `control` and `api`, without Docker. */
export interface ServerDeps {
  config: Config;
  log: Log;
  metrics: Metrics;
  store: Store;
  vault: Vault;
  envelope: Envelope;
  bus: ControlBus;
  offers: Offers;
  wakeups: ReaderWakeups;
  /** The workers that control knows. */
  fleet: Fleet;
  outbox: Outbox;
  logs: LogStore;
  blobs: Blobs;
  github(token: string): GitHub;
  /** Checks a webhook's signature, and reads the trigger from a verified payload. */
  webhooks: {
    verify(secret: string, body: Uint8Array, header: string | undefined): Promise<boolean>;
    read(event: string, payload: unknown): WebhookReading;
  };
  /** Milliseconds since 1970. May jump when someone sets the clock. */
  now(): number;
  /** Milliseconds since the start of the process. Never jumps. */
  monotonic(): number;
  random(bytes: number): Uint8Array;
  /** Makes a new API token. `hashToken` returns the form in which a token is stored. */
  newToken(): string;
  hashToken(token: string): string;
  newId(prefix: IdPrefix): string;
}

/** The dependencies of `gantry up` and `gantry doctor`. */
export interface Checks {
  docker: Docker;
  /** Rejects when no Redis answers at that URL. */
  askRedis(url: string): Promise<RedisFacts>;
  shutDownRedis(url: string): Promise<void>;
}

/** Opens the server's adapters; `openControl` adds fleet and outbox. The Docker adapter is not even loaded. */
export async function serverDeps(config: Config, version: string): Promise<Omit<ServerDeps, 'fleet' | 'outbox'>> {
  const [blobs, control, wakeups, github, signature, webhook, logs, offers, store, vaults, tokens] = await Promise.all([
    import('./adapters/blobs/file-blobs.ts'),
    import('./adapters/redis/bus/control-bus.ts'),
    import('./adapters/redis/bus/reader-wakeups.ts'),
    import('./adapters/github/octokit.ts'),
    import('./adapters/github/signature.ts'),
    import('./adapters/github/webhook.ts'),
    import('./adapters/logs/file-logs.ts'),
    import('./adapters/redis/queue/offers.ts'),
    import('./adapters/store/store.ts'),
    import('./adapters/vault/open-vault.ts'),
    import('./adapters/vault/token.ts'),
  ]);
  const redis_url = expectRedis(config);
  const database = join(config.server_dir, 'gantry.sqlite');
  const vault = vaults.openVault({ ...config, has_database: existsSync(database) });
  return {
    config,
    log: openLog('server', config.log_level),
    metrics: openMetrics(version),
    store: store.openStore(database),
    vault,
    envelope: vaults.openEnvelope(vault.worker_key),
    bus: control.openControlBus(redis_url),
    offers: offers.openOffers(redis_url),
    wakeups: wakeups.openReaderWakeups(redis_url),
    logs: logs.openLogStore(join(config.shared_dir, 'logs')),
    blobs: blobs.openBlobs(join(config.shared_dir, 'blobs')),
    github: github.openGitHub({ api_url: config.github_api_url }),
    webhooks: { verify: signature.verifySignature, read: webhook.readTrigger },
    now: Date.now,
    monotonic: () => performance.now(),
    random: randomBytes,
    newToken: tokens.newToken,
    hashToken: tokens.hashToken,
    newId: openIds(Date.now, randomBytes),
  };
}

/** Opens a worker's adapters. A worker has no master key and no SQL; it reads the worker key that the server wrote. */
export async function workerDeps(config: Config): Promise<WorkerDeps> {
  const [blobs, buses, docker, git, github, locks, logs, writers, proxies, takers, spools, vaults, keys] =
    await Promise.all([
      import('./adapters/blobs/file-blobs.ts'),
      import('./adapters/redis/bus/worker-bus.ts'),
      import('./adapters/docker/open-docker.ts'),
      import('./adapters/git/open.ts'),
      import('./adapters/github/octokit.ts'),
      openLocks(),
      import('./adapters/logs/file-logs.ts'),
      import('./adapters/logs/log-writer.ts'),
      import('./adapters/proxy/open-proxy.ts'),
      import('./adapters/redis/queue/taker.ts'),
      import('./adapters/spool/file-spool.ts'),
      import('./adapters/vault/open-vault.ts'),
      import('./adapters/vault/key-file.ts'),
    ]);
  const redis_url = expectRedis(config);
  const worker = newId('wrk', Date.now(), randomBytes);
  const log = openLog('worker', config.log_level);
  const envelope = vaults.openEnvelope(keys.readWorkerKey(config.worker_key_file));
  const engine = docker.openDocker({ host: config.docker_host, installation: envelope.installation });
  const store = logs.openLogStore(join(config.shared_dir, 'logs'));
  const bus = buses.openWorkerBus(redis_url);
  return {
    config,
    log,
    worker,
    locks,
    docker: engine,
    proxy: (container) => proxies.openProxy((argv) => engine.capture(container, argv)),
    git: git.openGit({
      mirrors_dir: join(config.work_dir, 'mirrors'),
      ca_file: config.ca_file,
      proxy_env: config.proxy_env,
      locks,
    }),
    github: github.openGitHub({ api_url: config.github_api_url }),
    bus,
    taker: takers.openTaker(redis_url),
    logs: store,
    logWriter: (attempt) =>
      writers.openLogWriter(store, attempt, {
        // A failure is ignored, because readers also poll.
        wake: (size) => void bus.wake(`log:${attempt}`, String(size)).catch(() => undefined),
        now: Date.now,
        cap_bytes: LOG_CAP,
      }),
    spool: await spools.openSpool(join(config.work_dir, 'spools'), worker, locks, log),
    blobs: blobs.openBlobs(join(config.shared_dir, 'blobs')),
    envelope,
    now: Date.now,
  };
}

/** The limit of one attempt's log, in bytes. */
const LOG_CAP = 1024 ** 3;

/** Opens only the locks, which roles take before they open other adapters. */
export async function openLocks(): Promise<Locks> {
  return (await import('./adapters/lock/locks.ts')).openLocks();
}

/** Also works before the first start, when there is no key and Docker has nothing of this installation. */
export async function openChecks(config: Config): Promise<Checks> {
  const [docker, redis, vaults, keys] = await Promise.all([
    import('./adapters/docker/open-docker.ts'),
    import('./adapters/redis/redis-check.ts'),
    import('./adapters/vault/open-vault.ts'),
    import('./adapters/vault/key-file.ts'),
  ]);
  const installation = existsSync(config.worker_key_file)
    ? vaults.openEnvelope(keys.readWorkerKey(config.worker_key_file)).installation
    : 'none';
  return {
    docker: docker.openDocker({ host: config.docker_host, installation }),
    askRedis: redis.askRedis,
    shutDownRedis: redis.shutDownRedis,
  };
}

function expectRedis({ redis_url }: Config): string {
  if (redis_url === null) throw new Error('the configuration has no Redis URL');
  return redis_url;
}
