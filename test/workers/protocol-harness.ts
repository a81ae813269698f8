import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openBlobs } from '../../src/adapters/blobs/file-blobs.ts';
import { openLocks } from '../../src/adapters/lock/locks.ts';
import { openLogStore } from '../../src/adapters/logs/file-logs.ts';
import { openLogWriter } from '../../src/adapters/logs/log-writer.ts';
import { openWorkerBus } from '../../src/adapters/redis/bus/worker-bus.ts';
import { openSpool } from '../../src/adapters/spool/file-spool.ts';
import { openEnvelope } from '../../src/adapters/vault/open-vault.ts';
import type { WorkerDeps } from '../../src/deps.ts';
import { openLog } from '../../src/log.ts';
import { Mailbox } from '../../src/workers/attempt/mailbox.ts';
import { startRedis, type TestRedis } from '../redis.ts';
import { type FakeControl, startFakeControl } from './fake-control.ts';

type Deps = Pick<WorkerDeps, 'bus' | 'spool' | 'blobs' | 'envelope' | 'worker' | 'log' | 'logs' | 'logWriter' | 'now'>;

/** A worker's side of the protocol and a fake control, over their own Redis. */
export interface Harness {
  redis: TestRedis;
  control: FakeControl;
  dir: string;
  deps: Deps;
  mailbox: Mailbox;
  /** Adds a worker that uses the same folders. */
  addWorker(worker: string): Promise<{ deps: Deps; mailbox: Mailbox }>;
  end(): Promise<void>;
}

export async function openHarness(): Promise<Harness> {
  const dir = await mkdtemp(join(tmpdir(), 'gantry-harness-'));
  const redis = await startRedis();
  const control = await startFakeControl(redis.url);
  const added: Deps[] = [];

  async function addWorker(worker: string) {
    const mailbox = new Mailbox();
    const bus = openWorkerBus(redis.url);
    bus.receive(worker, (message) => mailbox.deliver(message));
    const logs = openLogStore(join(dir, 'logs'));
    const log = openLog('test', 'silent');
    const deps: Deps = {
      bus,
      worker,
      logs,
      logWriter: (attempt) => openLogWriter(logs, attempt, { wake: () => {}, now: Date.now, cap_bytes: 1024 ** 3 }),
      spool: await openSpool(join(dir, 'spools'), worker, openLocks(), log),
      blobs: openBlobs(join(dir, 'blobs')),
      envelope: openEnvelope(control.worker_key),
      log,
      now: Date.now,
    };
    added.push(deps);
    return { deps, mailbox };
  }

  return {
    redis,
    control,
    dir,
    addWorker,
    ...(await addWorker('wrk_1')),
    end: async () => {
      for (const { bus, spool } of added) {
        await bus.close();
        await spool.close();
      }
      await control.end();
      await redis.end();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
