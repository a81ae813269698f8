import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Config } from '../../config.ts';
import { workerDeps } from '../../deps.ts';
import { runWorker } from '../../workers/run-worker.ts';
import { withRedisUrl } from '../redis/redis-check.ts';
import { CliError } from '../terminal/exit.ts';

/** Milliseconds to wait for the worker key, which a server that starts at the same time may still have to write. */
const KEY_TIMEOUT = 60_000;

/** Runs one worker until `signal` aborts and its jobs have ended. */
export async function startWorker(config: Config, signal: AbortSignal, ready: () => void): Promise<void> {
  await waitForKey(config, signal);
  if (signal.aborted) return;
  const deps = await workerDeps(await withRedisUrl(config));
  const work = runWorker(deps, signal);
  ready();
  await work;
}

async function waitForKey({ worker_key_file }: Config, signal: AbortSignal): Promise<void> {
  const deadline = Date.now() + KEY_TIMEOUT;
  while (!existsSync(worker_key_file) && !signal.aborted) {
    if (Date.now() > deadline)
      throw new CliError(
        'usage',
        `missing worker key ${worker_key_file}`,
        'The server writes it when it starts. On another host, copy it from the server and set GANTRY_WORKER_KEY_FILE.',
      );
    await delay(200, undefined, { signal }).catch(() => undefined);
  }
}
