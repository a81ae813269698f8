import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Dockerode from 'dockerode';
import { openLogStore } from '../../src/adapters/logs/file-logs.ts';
import { openOffers } from '../../src/adapters/redis/queue/offers.ts';
import { readConfig } from '../../src/config.ts';
import { type LogStore, type Offers, workerDeps } from '../../src/deps.ts';
import { runWorker } from '../../src/workers/run-worker.ts';
import { startRedis, type TestRedis } from '../redis.ts';
import { type FakeControl, startFakeControl } from './fake-control.ts';

/** Real workers on the real Docker Engine and a fake control, in a separate installation. `end` removes everything. */
export interface WorkerHarness {
  dir: string;
  redis: TestRedis;
  control: FakeControl;
  offers: Offers;
  logs: LogStore;
  engine: Dockerode;
  installation: string;
  /** Starts a worker in this process. The returned function shuts it down and resolves when it has ended. */
  startWorker(): Promise<() => Promise<void>>;
  /** Starts a worker in a separate process. */
  spawnWorker(): Promise<ChildProcess>;
  /** The names of this installation's containers with this label. */
  containers(label: string): Promise<string[]>;
  end(): Promise<void>;
}

export async function openWorkerHarness(env: Record<string, string> = {}): Promise<WorkerHarness> {
  const dir = await mkdtemp(join(tmpdir(), 'gantry-harness-'));
  const redis = await startRedis();
  const control = await startFakeControl(redis.url);
  const offers = openOffers(redis.url);
  const engine = new Dockerode();
  const { installation } = control.envelope;
  const settings = {
    GANTRY_DATA_DIR: dir,
    GANTRY_REDIS_URL: redis.url,
    GANTRY_SLOTS: '3',
    GANTRY_LOG_LEVEL: 'silent',
    GANTRY_PROXY_HTTP_PORT: '0',
    GANTRY_PROXY_HTTPS_PORT: '0',
    GANTRY_RUNNER_IMAGES: 'busybox=busybox:latest',
    GANTRY_SHUTDOWN_TIMEOUT: '60',
    ...env,
  };
  const workers: (() => Promise<void>)[] = [];
  const processes: ChildProcess[] = [];
  await mkdir(join(dir, 'shared'));
  await writeFile(join(dir, 'shared', 'worker.key'), control.worker_key, { mode: 0o640 });

  return {
    dir,
    redis,
    control,
    offers,
    logs: openLogStore(join(dir, 'shared', 'logs')),
    engine,
    installation,
    startWorker: async () => {
      const stop = new AbortController();
      const running = runWorker(await workerDeps(readConfig(settings)), stop.signal);
      const shutDown = () => {
        stop.abort();
        return running;
      };
      workers.push(shutDown);
      return shutDown;
    },
    spawnWorker: async () => {
      const code = `
        import { readConfig } from ${module('src/config.ts')};
        import { workerDeps } from ${module('src/deps.ts')};
        import { runWorker } from ${module('src/workers/run-worker.ts')};
        await runWorker(await workerDeps(readConfig(${JSON.stringify(settings)})), new AbortController().signal);`;
      const argv = ['--import', './src/register.ts', '--input-type=module', '-e', code];
      const running = spawn(process.execPath, argv, { stdio: ['ignore', 'inherit', 'inherit'] });
      processes.push(running);
      return running;
    },
    containers: async (label) => {
      const found = await engine.listContainers({ all: true, filters: { label: [labelOf(installation), label] } });
      return found.flatMap(({ Names }) => Names.map((name) => name.slice(1)));
    },
    end: async () => {
      for (const running of processes) await kill(running);
      await Promise.all(workers.map((shutDown) => shutDown()));
      await offers.close();
      await control.end();
      await redis.end();
      await removeAll(engine, installation);
      await rm(dir, { recursive: true, force: true });
    },
  };
}

export async function kill(running: ChildProcess): Promise<void> {
  if (running.exitCode !== null || running.signalCode !== null) return;
  const exited = once(running, 'exit');
  running.kill('SIGKILL');
  await exited;
}

function module(path: string): string {
  return JSON.stringify(join(process.cwd(), path));
}

function labelOf(installation: string): string {
  return `gantry.installation=${installation}`;
}

async function removeAll(engine: Dockerode, installation: string): Promise<void> {
  const filters = { label: [labelOf(installation)] };
  for (const { Id } of await engine.listContainers({ all: true, filters }))
    await engine.getContainer(Id).remove({ force: true, v: true });
  for (const { Id } of await engine.listNetworks({ filters })) await engine.getNetwork(Id).remove();
  const { Volumes } = await engine.listVolumes({ filters });
  for (const { Name } of Volumes) await engine.getVolume(Name).remove();
}
