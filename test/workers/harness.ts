import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openBlobs } from '../../src/adapters/blobs/file-blobs.ts';
import { openLocks } from '../../src/adapters/lock/locks.ts';
import { openLogStore } from '../../src/adapters/logs/file-logs.ts';
import { openLogWriter } from '../../src/adapters/logs/log-writer.ts';
import { openWorkerBus } from '../../src/adapters/redis/bus/worker-bus.ts';
import { openSpool } from '../../src/adapters/spool/file-spool.ts';
import { openEnvelope } from '../../src/adapters/vault/open.ts';
import type { WorkerDeps } from '../../src/deps.ts';
import { openLog } from '../../src/log.ts';
import { Mailbox } from '../../src/workers/attempt/mailbox.ts';
import { startRedis, type TestRedis } from '../redis.ts';
import { type Clerk, startClerk } from './fake-control.ts';

type Parts = Pick<WorkerDeps, 'bus' | 'spool' | 'blobs' | 'envelope' | 'worker' | 'log' | 'logs' | 'logWriter' | 'now'>;

/** A worker's end of the conversation, and a clerk at the other, over a Redis of their own. */
export interface Bench {
  redis: TestRedis;
  clerk: Clerk;
  dir: string;
  parts: Parts;
  mailbox: Mailbox;
  /** One more worker in the same folders. */
  hire(worker: string): Promise<{ parts: Parts; mailbox: Mailbox }>;
  end(): Promise<void>;
}

export async function openBench(): Promise<Bench> {
  const dir = await mkdtemp(join(tmpdir(), 'gantry-bench-'));
  const redis = await startRedis();
  const clerk = await startClerk(redis.url);
  const hired: Parts[] = [];

  async function hire(worker: string) {
    const mailbox = new Mailbox();
    const bus = openWorkerBus(redis.url);
    bus.receive(worker, (message) => mailbox.deliver(message));
    const logs = openLogStore(join(dir, 'logs'));
    const parts: Parts = {
      bus,
      worker,
      logs,
      logWriter: (attempt) => openLogWriter(logs, attempt, { wake: () => {}, now: Date.now, cap_bytes: 1024 ** 3 }),
      spool: await openSpool(join(dir, 'spools'), worker, openLocks()),
      blobs: openBlobs(join(dir, 'blobs')),
      envelope: openEnvelope(clerk.worker_key),
      log: openLog('test', 'silent'),
      now: Date.now,
    };
    hired.push(parts);
    return { parts, mailbox };
  }

  return {
    redis,
    clerk,
    dir,
    hire,
    ...(await hire('wrk_1')),
    end: async () => {
      for (const { bus, spool } of hired) {
        await bus.close();
        await spool.close();
      }
      await clerk.end();
      await redis.end();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
