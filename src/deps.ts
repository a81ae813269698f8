import type { Blobs } from './adapters/blobs/blobs.ts';
import type { ControlBus, Doorbells, WorkerBus } from './adapters/bus/bus.ts';
import type { Docker } from './adapters/docker/docker.ts';
import type { Git } from './adapters/git/git.ts';
import type { GitHub } from './adapters/github/github.ts';
import type { WebhookReading } from './adapters/github/webhook.ts';
import type { LogStore } from './adapters/logs/logs.ts';
import type { Proxy } from './adapters/proxy/proxy.ts';
import type { Offers, Taker } from './adapters/queue/queue.ts';
import type { Spool } from './adapters/spool/spool.ts';
import type { Store } from './adapters/store/open.ts';
import type { Envelope, Vault } from './adapters/vault/vault.ts';
import type { Config } from './config.ts';
import type { IdPrefix } from './jobs/id.ts';
import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';

export type * from './adapters/blobs/blobs.ts';
export type * from './adapters/bus/bus.ts';
export type * from './adapters/docker/docker.ts';
export type * from './adapters/git/git.ts';
export type * from './adapters/github/github.ts';
export type * from './adapters/github/webhook.ts';
export type * from './adapters/logs/logs.ts';
export type * from './adapters/proxy/proxy.ts';
export type * from './adapters/queue/queue.ts';
export type * from './adapters/spool/spool.ts';
export type * from './adapters/store/open.ts';
export type * from './adapters/store/schema.ts';
export type * from './adapters/vault/vault.ts';

/** What the rooms `engine` and `workers` are handed. */
export interface WorkerDeps {
  config: Config;
  log: Log;
  /** This process in the fleet, `wrk_...`. */
  worker: string;
  docker: Docker;
  /** Speaks to the proxy in the given container. */
  proxy(container: string): Proxy;
  git: Git;
  github(token: string): GitHub;
  bus: WorkerBus;
  taker: Taker;
  logs: LogStore;
  spool: Spool;
  blobs: Blobs;
  envelope: Envelope;
  now(): number;
}

/** What the rooms `control` and `api` are handed: no Docker socket. */
export interface ServerDeps {
  config: Config;
  log: Log;
  metrics: Metrics;
  store: Store;
  vault: Vault;
  envelope: Envelope;
  bus: ControlBus;
  offers: Offers;
  doorbells: Doorbells;
  logs: LogStore;
  blobs: Blobs;
  github(token: string): GitHub;
  /** Of GitHub's webhooks: whether a signature holds for these bytes, and what a verified payload asks for. */
  webhooks: {
    verify(secret: string, body: Uint8Array, header: string | undefined): Promise<boolean>;
    read(event: string, payload: unknown): WebhookReading;
  };
  now(): number;
  random(bytes: number): Uint8Array;
  /** A new API token, and what SQL keeps of one. */
  newToken(): string;
  hashToken(token: string): string;
  newId(prefix: IdPrefix): string;
}
